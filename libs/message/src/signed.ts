import { parseContentType } from './field/content-type.ts'
import { FieldNames } from './field-names.ts'
import { HeaderBlock } from './header-block.ts'

/**
 * Fields that sign octets of header and body as they travel: DKIM, its ancestor, and the two of ARC that do.
 * ARC-Authentication-Results and Authentication-Results sign nothing.
 */
// RFC 6376 §3.5, RFC 8617 §4.1
const SIGNATURES = new FieldNames([
  'dkim-signature',
  'domainkey-signature',
  'arc-message-signature',
  'arc-seal',
])

/**
 * Types of which a signature or an encryption covers the octets of the parts, their encodings included (RFC 1847), or
 * which stand for such a message as a whole (RFC 8551).
 */
const SIGNED_TYPES: ReadonlySet<string> = new Set([
  'multipart/signed',
  'multipart/encrypted',
  'application/pkcs7-mime',
  'application/x-pkcs7-mime',
  'application/pgp-encrypted',
  'application/pgp',
])

/**
 * Whether somebody signed this message, so that rewriting it breaks what a receiver may want to verify. Not counted:
 * Content-MD5, which is of the decoded octets (RFC 1864 §2), and signatures within parts.
 */
export function isSigned(header: Buffer): boolean {
  const { fields } = HeaderBlock.parse(header)
  return fields.some((field) => {
    if (SIGNATURES.find(field.bytes, field.start, field.nameEnd) !== undefined) return true
    if (!field.is('content-type')) return false
    const type = parseContentType(field.rawValue)
    return type !== undefined && SIGNED_TYPES.has(`${type.type}/${type.subtype}`)
  })
}
