import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { MailCommand } from '../../verb/mail.ts'
import { Transaction } from '../transaction.ts'
import type { VerbRow } from './row.ts'

// RFC 5321 §4.1.1.2
export const mail: VerbRow<MailCommand> = {
  verb: 'MAIL',
  beforeTls: false,
  needsHelo: true,
  needsAuth: true,
  needsTransaction: false,
  pipelinedBehind: 'read',
  countsAsJunk: false,
  check: (dialogue, command) => {
    if (dialogue.transaction !== undefined)
      throw new ReplyError(replies.badSequence('MAIL was given already'))
    // RFC 9422 §4.1
    if (dialogue.transactions >= dialogue.policy.limits.transactions)
      throw new ReplyError(replies.tooManyMessages(dialogue.policy.hostname))
    const limit = dialogue.policy.limits.messageSize
    // RFC 1870 §6.1
    if (limit > 0 && (command.parameters.size ?? 0) > limit) throw new ReplyError(replies.messageTooBig)
  },
  question: (_dialogue, command) => ({ kind: 'mail', command }),
  proceed: (dialogue, command, verdict) => {
    dialogue.transactions++
    dialogue.transaction = new Transaction(command)
    dialogue.say(verdict ?? replies.senderAccepted)
  },
  refused: (dialogue) => dialogue.countJunk(),
  help: 'MAIL FROM:<address> [SIZE=<octets>] [BODY=8BITMIME] [SMTPUTF8]',
  rfc: 'RFC 5321 §4.1.1.2',
}
