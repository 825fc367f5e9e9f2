import { FieldNames } from '../field-names.ts'
import type { HeaderField } from '../header-block.ts'

// RFC 5322 §3.6.2, RFC 5322 §3.6.3, RFC 5322 §3.6.6
const ADDRESS_FIELDS = new FieldNames([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'resent-from',
  'resent-sender',
  'resent-to',
  'resent-cc',
  'resent-bcc',
])

/** Whether a field names people by their addresses, as author, sender or recipient. */
export function isAddressField({ bytes, start, nameEnd }: HeaderField): boolean {
  return ADDRESS_FIELDS.find(bytes, start, nameEnd) !== undefined
}
