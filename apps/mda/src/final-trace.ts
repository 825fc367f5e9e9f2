import { deliveredToField, returnPathField } from '@cartero/message'
import type { DeliveryRecipient, SpooledMessage } from '@cartero/spool'

/**
 * The trace fields of final delivery, before those of the hops.
 * RFC 5321 §4.4: the delivering system puts the reverse-path into Return-Path, at the beginning.
 */
export function finalPrefix(message: SpooledMessage, recipient: DeliveryRecipient): Buffer {
  return Buffer.concat([
    returnPathField(message.envelope.reversePath),
    deliveredToField(recipient.account),
    message.prefix,
  ])
}
