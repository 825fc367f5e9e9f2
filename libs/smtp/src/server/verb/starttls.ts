import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import type { VerbRow } from './row.ts'

// RFC 3207 §4
export const starttls: VerbRow<PlainCommand> = {
  verb: 'STARTTLS',
  inOdmr: true,
  beforeTls: true,
  needsHelo: true,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'drop',
  countsAsJunk: true,
  available: ({ tls, policy }) =>
    tls === undefined && !policy.startTls ? replies.notImplemented : undefined,
  check: ({ tls }) => {
    if (tls !== undefined) throw new ReplyError(replies.alreadyInTls)
  },
  proceed: (dialogue) => {
    dialogue.say(replies.readyForTls)
    dialogue.startTls()
  },
  help: 'STARTTLS',
  rfc: 'RFC 3207 §4',
}
