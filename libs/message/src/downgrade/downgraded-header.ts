import { isAscii } from '@cartero/syntax'
import { HeaderBlock, type HeaderField } from '../header-block.ts'
import { downgradedAddresses } from './addresses.ts'
import { FieldWriter } from './field-writer.ts'
import { downgradedMimeValue } from './mime-values.ts'
import { downgradedTrace } from './structured.ts'
import { asciiTypedAddress } from './typed-address.ts'
import { addText, downgradedText, isForeignWord } from './unstructured.ts'

type Downgrade = (field: HeaderField) => Buffer

const addresses: Downgrade = (field) => downgradedAddresses(field.name, field.rawValue)
const mimeValue: Downgrade = (field) => downgradedMimeValue(field.name, field.rawValue)
const trace: Downgrade = (field) => downgradedTrace(field.name, field.value)
const text: Downgrade = (field) => downgradedText(field.name, field.value)
const typedAddress: Downgrade = (field) =>
  new FieldWriter(field.name).add(asciiTypedAddress(field.value)).end()
/** The field has no ASCII form: its value is told in another one, which nobody takes for the first (RFC 6857 §3). */
const encapsulation: Downgrade = (field) => {
  const writer = new FieldWriter(`Downgraded-${field.name}`)
  addText(writer, field.value, isForeignWord)
  return writer.end()
}

// RFC 6857 §3.2; what is not here is unstructured.
const DOWNGRADES: Readonly<Record<string, Downgrade>> = {
  from: addresses,
  sender: addresses,
  'reply-to': addresses,
  to: addresses,
  cc: addresses,
  bcc: addresses,
  'resent-from': addresses,
  'resent-sender': addresses,
  'resent-to': addresses,
  'resent-cc': addresses,
  'resent-bcc': addresses,
  'resent-reply-to': addresses,
  'disposition-notification-to': addresses,
  'return-receipt-to': addresses,
  'errors-to': addresses,
  'mail-followup-to': addresses,
  'mail-reply-to': addresses,
  'original-recipient': typedAddress,
  'final-recipient': typedAddress,
  received: trace,
  date: trace,
  'resent-date': trace,
  'mime-version': trace,
  'content-transfer-encoding': trace,
  'auto-submitted': trace,
  'content-type': mimeValue,
  'content-disposition': mimeValue,
  'message-id': encapsulation,
  'resent-message-id': encapsulation,
  'in-reply-to': encapsulation,
  references: encapsulation,
  'content-id': encapsulation,
  'return-path': encapsulation,
  'delivered-to': encapsulation,
}

/**
 * A header in UTF-8 made ASCII (RFC 6857 §3; RFC 5504 is its ancestor): fields that are ASCII stay octet by octet, and
 * so does what is behind the header's end. Text becomes encoded-words, domains A-labels, parameters RFC 2231; what has
 * no other form, a `Downgraded-` field. What is eight-bit and not UTF-8 is called `unknown-8bit`. Beyond
 * `HEADER_LIMITS`, octets above 127 become `?`.
 */
export function downgradeHeader(header: Buffer): Buffer {
  if (isAscii(header)) return header
  const block = HeaderBlock.parse(header)
  const fields = block.fields.map((field) => (isAscii(field.raw) ? field.raw : downgraded(field)))
  return Buffer.concat([...fields, masked(header.subarray(block.fieldsEnd))])
}

function downgraded(field: HeaderField): Buffer {
  const downgrade = DOWNGRADES[field.name.toLowerCase()] ?? text
  const made = downgrade(field)
  return isAscii(made) ? made : masked(made)
}

function masked(octets: Buffer): Buffer {
  return isAscii(octets) ? octets : Buffer.from(octets.map((octet) => (octet < 0x80 ? octet : 0x3f)))
}
