import { userInfo } from 'node:os'

import { uploadControl } from '@cartero/agent/admin'
import type { LocalLetter, LocalOutcome } from '@cartero/msa-agent/agent'
import type { Command } from 'commander'

import type { CarteroConfig } from '../config.ts'
import type { DataFolder } from '../data-folder.ts'
import { SUBMIT } from '../submission-verbs.ts'
import { sentencesOf } from './exit-code.ts'
import { mailq } from './mailq.ts'
import { plain, say } from './output.ts'
import { askQueue } from './queue-client.ts'
import { reachSystem } from './reach-system.ts'
import { sendmailOrder, type SendmailOrder } from './sendmail-words.ts'
import { EX, sysExitOf, sysExitOfError, type SysExit } from './sysexits.ts'
import { untilDot } from './until-dot.ts'

/** For the list of commands; its words are read by `runSendmail`, because they are older than our rules. */
export function registerSendmail(program: Command): void {
  program
    .command('sendmail')
    .description('take a message from standard input, as sendmail does; for programs on this machine')
    .usage('[-t] [-i] [-f sender] [-F name] [-N conditions] [-V id] [-R full|hdrs] [recipients...]')
    .addHelpText('after', OPTIONS)
}

const OPTIONS = `
  -t                To, Cc and Bcc name the recipients; Bcc is dropped
  -i, -oi           a line with a dot alone does not end the message
  -f, -r sender     who sends it (default: who runs this); <> is nobody
  -F name           the name before the sender, when the message has no From
  -N, -V, -R        what the sender wants to be told (RFC 3461)
  -bp               list the queue, as mailq does
  -q                try everything in the queue now
  --data, --config  which system, as for other commands

Exit codes are those of sysexits.h: 0 taken, 64 asked wrongly, 67 no such user, 68 no such host, 69 refused,
75 try again later, 77 not allowed, 78 the configuration has a fault. Nothing is taken unless it is 0.`

/** Does what the words ask for, and sets the exit code. Never throws. */
export async function runSendmail(words: readonly string[]): Promise<void> {
  try {
    const order = sendmailOrder(words)
    process.exitCode = await DONE[order.action](order)
  } catch (error) {
    process.stderr.write(sentencesOf(error))
    process.exitCode = sysExitOfError(error)
  }
}

const DONE: Readonly<Record<SendmailOrder['action'], (order: SendmailOrder) => Promise<SysExit>>> = {
  send,
  list: async (order) => {
    await mailq(selectionOf(order))
    return EX.ok
  },
  flush: async (order) => {
    const never = new AbortController().signal
    await askQueue(selectionOf(order), async (queue) => {
      for await (const progress of queue.change({ state: 'deferred' }, { kind: 'retry' }, never))
        void progress
    })
    return EX.ok
  },
  nothing: async () => EX.ok,
}

/** Programs read what is said: only what is wrong is. */
function selectionOf({ data, config }: SendmailOrder) {
  return { ...(data !== undefined && { data }), ...(config !== undefined && { config }), isQuiet: true }
}

async function send(order: SendmailOrder): Promise<SysExit> {
  const { action: _action, ignoresDots, data: _data, config: _config, ...said } = order
  const fullName = said.fullName ?? process.env['NAME']
  const letter: LocalLetter = { ...said, user: userName(), ...(fullName && { fullName }) }
  const input = process.stdin as AsyncIterable<Buffer>
  const octets = ignoresDots ? input : untilDot(input)
  const outcome = await reachSystem(selectionOf(order), {
    running: async ({ controlSocket }) =>
      (await uploadControl(controlSocket, SUBMIT, letter, octets)) as LocalOutcome,
    stopped: (data, config) => submitStopped(letter, octets, { data, config }),
  })
  return told(outcome)
}

/** What a stopped system is handed waits in its queue until it starts. */
async function submitStopped(
  letter: LocalLetter,
  octets: AsyncIterable<Buffer>,
  { data, config }: { readonly data: DataFolder; readonly config: CarteroConfig },
): Promise<LocalOutcome> {
  const { openStoppedSubmission } = await import('../stopped-submission.ts')
  await using stopped = await openStoppedSubmission(data, config)
  return await stopped.local.submit(letter, octets, new AbortController().signal)
}

function told(outcome: LocalOutcome): SysExit {
  if (outcome.kind === 'accepted') return EX.ok
  if (outcome.kind === 'noRecipients') {
    say(
      'error: nobody is named as recipient: write addresses behind the options, or -t for those of the header',
    )
    return EX.usage
  }
  for (const { recipient, reply } of outcome.refusals)
    say(`error: ${recipient === undefined ? '' : `${plain(recipient)}: `}${plain(reply)}`)
  say('nothing was sent')
  return sysExitOf(outcome.refusals)
}

/** A user without a name has no mail, either; somebody may have to be told. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env['LOGNAME'] ?? 'postmaster'
  }
}
