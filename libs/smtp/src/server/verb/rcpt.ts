import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import { isPermanent } from '../../reply.ts'
import { RCPT_PARAMETERS } from '../../parameters/rcpt-parameters.ts'
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
    // RFC 3030 §2
    if (transaction!.message !== undefined) throw new ReplyError(replies.badSequence('the message was begun'))
    // RFC 6531 §3.5
    if (command.utf8 && transaction!.mail.parameters.smtpUtf8 !== true) {
      throw new ReplyError(replies.nonAsciiAddress)
    }
    if (transaction!.accepted < policy.limits.recipients) return
    // RFC 5321 §4.5.3.1.10: the recipients so far stay. As many again are borne with, for they may be pipelined.
    const patient = ++transaction!.overshoot <= policy.limits.recipients
    throw new ReplyError(patient ? replies.tooManyRecipients : replies.tooManyErrors(policy.hostname))
  },
  question: (_dialogue, command) => ({ kind: 'rcpt', command }),
  proceed: (dialogue, _command, verdict) => {
    dialogue.transaction!.accepted++
    dialogue.say(verdict ?? replies.recipientAccepted)
  },
  countRefused: (dialogue, verdict) => {
    dialogue.transaction!.refused++
    if (isPermanent(verdict)) dialogue.countRefusedRecipient()
  },
  help: 'RCPT TO:<address>',
  parameters: RCPT_PARAMETERS,
  rfc: 'RFC 5321 §4.1.1.3',
}
