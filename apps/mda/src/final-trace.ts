import { deliveredToField, originalRecipientField, returnPathField } from '@cartero/message'
import type { DeliveryRecipient, SpooledMessage } from '@cartero/spool'

/**
 * The trace fields of final delivery, before those of the hops.
 * RFC 5321 §4.4: the delivering system puts the reverse-path into Return-Path, at the beginning.
 */
export function finalPrefix(message: SpooledMessage, recipient: DeliveryRecipient): Buffer {
  const { envelope, prefix } = message
  const { reversePath, recipients } = envelope
  // RFC 8098 §2.3: whom the sender wrote to, as he said; nobody else among the recipients is told
  const original = recipients.find(({ address }) => address === recipient.address)?.originalRecipient
  const trace = original === undefined ? prefix : Buffer.concat([originalRecipientField(original), prefix])
  return mailboxPrefix(reversePath, recipient.account, trace)
}

/** What each mailbox gets in front of the trace. */
export function mailboxPrefix(reversePath: string, account: string, trace: Buffer): Buffer {
  return Buffer.concat([returnPathField(reversePath), deliveredToField(account), trace])
}
