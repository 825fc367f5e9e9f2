import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import { MAIL_PARAMETERS, type MailParameters } from '../../parameters/mail-parameters.ts'
import type { MailCommand } from '../../verb/mail.ts'
import type { Dialogue } from '../dialogue.ts'
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
    checkPromises(dialogue, command.parameters)
  },
  question: (_dialogue, command) => ({ kind: 'mail', command }),
  proceed: (dialogue, command, verdict) => {
    dialogue.transactions++
    dialogue.transaction = new Transaction(command)
    dialogue.say(verdict ?? replies.senderAccepted)
  },
  countRefused: (dialogue) => dialogue.countJunk(),
  help: 'MAIL FROM:<address>',
  parameters: MAIL_PARAMETERS,
  rfc: 'RFC 5321 §4.1.1.2',
}

/** What is asked for is not more than what was offered. */
function checkPromises(dialogue: Dialogue, parameters: MailParameters): void {
  // RFC 8689 §2: the parameter makes no sense in the clear
  if (parameters.requireTls === true && dialogue.tls === undefined) throw new ReplyError(replies.tlsRequired)
  checkTimes(dialogue, parameters)
  if (parameters.solicitations !== undefined) checkSolicitations(dialogue, parameters.solicitations)
}

function checkTimes(dialogue: Dialogue, { deliverBy, holdFor, holdUntil }: MailParameters): void {
  if (deliverBy === undefined && holdFor === undefined && holdUntil === undefined) return
  const honours = dialogue.honours()
  const minimum = honours.deliverBy?.minimum ?? 0
  // RFC 2852 §4.1: a notice that it is late may be asked for at any time
  if (deliverBy?.mode === 'return' && deliverBy.seconds < minimum) {
    throw new ReplyError(replies.deliverByTooSoon(minimum))
  }
  const { seconds = 0, until = 0 } = honours.futureRelease ?? {}
  // RFC 4865 §3
  if ((holdFor ?? 0) > seconds || (holdUntil ?? 0) > until) throw new ReplyError(replies.holdTooLong)
}

// RFC 3865 §2.3
function checkSolicitations(dialogue: Dialogue, said: readonly string[]): void {
  const refused = new Set(dialogue.honours().solicitations?.map((keyword) => keyword.toLowerCase()))
  const keyword = said.find((each) => refused.has(each.toLowerCase()))
  if (keyword !== undefined) throw new ReplyError(replies.solicitationRefused(keyword))
}
