import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { RcptCommand } from '../../verb/rcpt.ts'
import type { VerbRow } from './row.ts'

// RFC 5321 §4.1.1.3
export const rcpt: VerbRow<RcptCommand> = {
  verb: 'RCPT',
  beforeTls: false,
  needsHelo: true,
  needsAuth: true,
  needsTransaction: true,
  pipelinedBehind: 'read',
  countsAsJunk: false,
  check: ({ transaction, policy }, command) => {
    // RFC 6531 §3.5
    if (command.utf8 && transaction!.mail.parameters.smtpUtf8 !== true) {
      throw new ReplyError(replies.nonAsciiAddress)
    }
    // RFC 5321 §4.5.3.1.10: the recipients so far stay
    if (transaction!.accepted >= policy.limits.recipients) throw new ReplyError(replies.tooManyRecipients)
  },
  question: (_dialogue, command) => ({ kind: 'rcpt', command }),
  proceed: (dialogue, _command, verdict) => {
    dialogue.transaction!.accepted++
    dialogue.say(verdict ?? replies.recipientAccepted)
  },
  refused: (dialogue) => {
    dialogue.transaction!.refused++
    if (++dialogue.refusedRecipients < dialogue.policy.limits.refusedRecipients) return
    dialogue.dismiss(replies.tooManyErrors(dialogue.policy.hostname))
  },
  help: 'RCPT TO:<address>',
  rfc: 'RFC 5321 §4.1.1.3',
}
