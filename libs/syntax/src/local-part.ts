import { ATEXT } from './ascii.ts'

/**
 * Octets of a local part. The standard promises 64 and asks for no lower limits; bounce addresses of list and
 * forwarding software (VERP, SRS) are longer, and refusing them would lose mail.
 */
// RFC 5321 §4.5.3.1.1
export const LOCAL_PART_OCTETS = 255

/** Writes a local part as a dot-string where it can be one, else as a quoted string. */
// RFC 5321 §4.1.2
export function formatLocalPart(localPart: string): string {
  return isDotString(localPart) ? localPart : `"${localPart.replaceAll(/["\\]/g, '\\$&')}"`
}

function isDotString(text: string): boolean {
  let atom = false
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit === 0x2e) {
      if (!atom) return false
      atom = false
    } else if (unit >= 0x80 || ATEXT[unit] === 1) atom = true
    else return false
  }
  return atom
}
