import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import { DataPhase } from '../data-phase.ts'
import type { VerbRow } from './row.ts'

// RFC 5321 §4.1.1.4
export const data: VerbRow<PlainCommand> = {
  verb: 'DATA',
  beforeTls: false,
  needsHelo: true,
  needsAuth: true,
  needsTransaction: true,
  pipelinedBehind: 'refuse',
  countsAsJunk: false,
  check: ({ transaction }) => {
    if (transaction!.accepted > 0) return
    // RFC 5321 §3.3
    throw new ReplyError(
      transaction!.refused > 0 ? replies.noValidRecipients : replies.badSequence('RCPT is needed'),
    )
  },
  question: () => ({ kind: 'data' }),
  proceed: (dialogue) => {
    dialogue.phase = new DataPhase(dialogue.transaction!, dialogue.policy)
    dialogue.say(replies.startData)
  },
  help: 'DATA',
  rfc: 'RFC 5321 §4.1.1.4',
}
