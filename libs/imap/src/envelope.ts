import type { Address, Envelope } from '@cartero/message'
import type { Encoder } from './encoder.ts'

/** Writes ENVELOPE (RFC 3501 §7.4.2): date, subject, six lists of addresses, in-reply-to, message-id. */
export function encodeEnvelope(encoder: Encoder, envelope: Envelope): void {
  encoder.raw('(').nstring(envelope.date).raw(' ').nstring(envelope.subject)
  encodeAddresses(encoder, envelope.from)
  encodeAddresses(encoder, envelope.sender)
  encodeAddresses(encoder, envelope.replyTo)
  encodeAddresses(encoder, envelope.to)
  encodeAddresses(encoder, envelope.cc)
  encodeAddresses(encoder, envelope.bcc)
  encoder.raw(' ').nstring(envelope.inReplyTo).raw(' ').nstring(envelope.messageId).raw(')')
}

/** A space and the list; an empty list is NIL. */
function encodeAddresses(encoder: Encoder, addresses: readonly Address[] | undefined): void {
  if (addresses === undefined || addresses.length === 0) return void encoder.raw(' NIL')
  encoder.raw(' (')
  for (const address of addresses) encodeAddress(encoder, address)
  encoder.raw(')')
}

function encodeAddress(encoder: Encoder, { name, route, mailbox, host }: Address): void {
  encoder.raw('(').nstring(name).raw(' ').nstring(route)
  encoder.raw(' ').nstring(mailbox).raw(' ').nstring(host).raw(')')
}
