import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import type { VerbRow } from './row.ts'

// RFC 3207 §4
export const starttls: VerbRow<PlainCommand> = {
  verb: 'STARTTLS',
  beforeTls: true,
  needsHelo: true,
  needsAuth: false,
  needsTransaction: false,
  pipelinedBehind: 'drop',
  countsAsJunk: true,
  check: ({ tls, policy }) => {
    if (tls !== undefined) throw new ReplyError(replies.alreadyInTls)
    if (!policy.startTls) throw new ReplyError(replies.notImplemented)
  },
  proceed: (dialogue) => {
    dialogue.say(replies.readyForTls)
    dialogue.startTls()
  },
  help: 'STARTTLS',
  rfc: 'RFC 3207 §4',
}
