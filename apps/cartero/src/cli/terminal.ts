import { once } from 'node:events'

import { callControl, listenControl } from '@cartero/agent/admin'
import { harmless } from '@cartero/agent/terminal'
import type { NumberedMessage } from '@cartero/mda-agent/agent'
import type { Command } from 'commander'

import { ATTACH, SHOWN } from '../terminal-verbs.ts'
import { plain, say } from './output.ts'
import { runningSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'

export function registerTerminal(program: Command): void {
  const terminal = program
    .command('terminal')
    .description('show messages for an account as they come by SEND, SOML and SAML, until Ctrl-C')
  withSystemOptions(terminal).argument('<account>', 'for example you@example.org').action(look)
}

async function look(account: string, options: SystemOptions): Promise<void> {
  const { controlSocket } = await runningSystem(options)
  const leaving = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort())
  const messages = await listenControl(controlSocket, ATTACH, { account }, leaving.signal)
  say(`(showing what comes for ${account}; Ctrl-C ends it)`)
  for await (const message of messages as AsyncIterable<NumberedMessage>) {
    await write(options.output === 'json' ? `${JSON.stringify(message)}\n` : pageOf(message))
    await callControl(controlSocket, SHOWN, { number: message.number })
  }
}

/** Once it is fulfilled, the screen has it. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}

/** The system has made it harmless already; what is written to a screen is looked at here, too. */
function pageOf({ from, subject, date, text }: NumberedMessage): string {
  const head = [`From: ${from}`, `Subject: ${subject}`, `Date: ${date}`].map(plain)
  return `\n${head.join('\n')}\n\n${harmless(text, 'text').trimEnd()}\n`
}
