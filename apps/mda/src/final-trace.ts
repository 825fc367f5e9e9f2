import { deliveredToField, originalRecipientField, returnPathField } from '@cartero/message'
import type { DeliveryRecipient, SpooledMessage } from '@cartero/spool'

/**
 * The trace fields of final delivery, before those of the hops.
 * RFC 5321 §4.4: the delivering system puts the reverse-path into Return-Path, at the beginning.
 */
export function finalPrefix(message: SpooledMessage, recipient: DeliveryRecipient): Buffer {
  const { envelope, prefix } = message
  const fields = [returnPathField(envelope.reversePath), deliveredToField(recipient.account)]
  // RFC 8098 §2.3: whom the sender wrote to, as he said; nobody else among the recipients is told
  const original = envelope.recipients.find(({ address }) => address === recipient.address)?.originalRecipient
  if (original !== undefined) fields.push(originalRecipientField(original))
  return Buffer.concat([...fields, prefix])
}
