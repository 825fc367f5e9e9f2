import { replies } from '../../replies.ts'
import { ReplyError } from '../../reply-error.ts'
import type { PlainCommand } from '../../verb/plain.ts'
import { DataPhase } from '../data-phase.ts'
import type { Dialogue } from '../dialogue.ts'
import { IncomingMessage } from '../incoming-message.ts'
import type { VerbRow } from './row.ts'

/** A message for nobody is not read. */
export function checkRecipients({ transaction, policy }: Dialogue): void {
  const { accepted, refused } = transaction!
  if (accepted > 0) return
  // RFC 5321 §3.3, RFC 2033 §4.2: LMTP has 503 for this
  if (refused > 0 && policy.protocol === 'smtp') throw new ReplyError(replies.noValidRecipients)
  throw new ReplyError(replies.badSequence('RCPT is needed'))
}

// RFC 5321 §4.1.1.4
export const data: VerbRow<PlainCommand> = {
  verb: 'DATA',
  beforeTls: false,
  needsHelo: true,
  needsAuth: true,
  needsTransaction: true,
  pipelinedBehind: 'refuse',
  countsAsJunk: false,
  check: (dialogue) => {
    const { message, mail } = dialogue.transaction!
    // RFC 3030 §2, RFC 3030 §3
    if (message !== undefined) throw new ReplyError(replies.badSequence('BDAT was given already'))
    if (mail.parameters.body === 'BINARYMIME') throw new ReplyError(replies.badSequence('BDAT is needed'))
    checkRecipients(dialogue)
  },
  question: () => ({ kind: 'data', by: 'DATA' }),
  proceed: (dialogue) => {
    const transaction = dialogue.transaction!
    transaction.message = new IncomingMessage(dialogue, transaction, 'DATA')
    dialogue.phase = new DataPhase(dialogue, transaction.message)
    dialogue.say(replies.startData)
  },
  help: 'DATA',
  rfc: 'RFC 5321 §4.1.1.4',
}
