import { listenControl } from '@cartero/agent/admin'
import type { FetchOutcome } from '@cartero/odmr-agent/customer'
import type { Command } from 'commander'

import { FETCH } from '../odmr-report.ts'
import { EXIT } from './exit-code.ts'
import { plain, print, printJson, say } from './output.ts'
import { runningSystem, withSystemOptions, type SystemOptions } from './reach-system.ts'
import { shortSize } from './span.ts'

export function registerFetch(odmr: Command): void {
  withSystemOptions(
    odmr.command('fetch').description('go to a provider of ours now, and take the mail that it keeps for us'),
  )
    .argument('<provider>', 'its name in odmr.fetch')
    .action(fetch)
}

/** Ctrl-C stops the waiting, and not the visit. */
async function fetch(provider: string, options: SystemOptions): Promise<void> {
  const { controlSocket } = await runningSystem(options)
  const leaving = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => leaving.abort())
  say(`(calling ${plain(provider)} …)`)
  const values = await listenControl(controlSocket, FETCH, { provider }, leaving.signal)
  for await (const outcome of values as AsyncIterable<FetchOutcome>) return tell(provider, outcome, options)
  say('(nobody waits for it any more; the visit goes on)')
  process.exitCode = EXIT.failure
}

function tell(provider: string, outcome: FetchOutcome, { output }: SystemOptions): void {
  if (output === 'json') printJson({ provider, ...outcome })
  else print(plain(sentenceOf(provider, outcome)))
  if (outcome.kind === 'failed' || outcome.kind === 'busy') process.exitCode = EXIT.failure
}

function sentenceOf(
  provider: string,
  { kind, messages, octets, reason, refused = 0, refusal }: FetchOutcome,
): string {
  const mail = `${messages} ${messages === 1 ? 'message' : 'messages'} (${shortSize(octets)} octets)`
  const why = reason === undefined ? '' : `: ${reason}`
  switch (kind) {
    case 'fetched':
      return `${mail} came from ${provider}${refused === 0 ? '' : `, and ${refused} ${refused === 1 ? 'was' : 'were'} refused here, the last with: ${refusal}`}`
    case 'nothing':
      return `no mail waits at ${provider}`
    case 'busy':
      return `${provider} cannot now${why}`
    case 'failed':
      return messages === 0
        ? `nothing came from ${provider}${why}`
        : `${mail} came from ${provider}, then it broke off${why}`
  }
}
