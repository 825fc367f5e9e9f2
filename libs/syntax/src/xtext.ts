import { decodeUtf8 } from './utf8.ts'

const PLUS = 0x2b
const EQUALS = 0x3d

/** Writes octets so that they fit an ESMTP parameter: `+3D` for `=`. Text is taken as UTF-8. */
// RFC 3461 §4
export function encodeXtext(text: string): string {
  let xtext = ''
  for (const octet of Buffer.from(text)) {
    const plain = octet > 0x20 && octet < 0x7f && octet !== PLUS && octet !== EQUALS
    xtext += plain ? String.fromCharCode(octet) : `+${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return xtext
}

/** Reads xtext; undefined when it is malformed or does not stand for UTF-8. */
// RFC 3461 §4
export function decodeXtext(xtext: string): string | undefined {
  const octets = Buffer.allocUnsafe(xtext.length)
  let length = 0
  for (let i = 0; i < xtext.length; i++) {
    const unit = xtext.charCodeAt(i)
    if (unit <= 0x20 || unit >= 0x7f || unit === EQUALS) return undefined
    if (unit === PLUS) {
      const hex = xtext.slice(i + 1, i + 3)
      // Only upper-case digits are hexchars; lower case is seen in the wild and harmless.
      if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined
      octets[length++] = Number.parseInt(hex, 16)
      i += 2
    } else octets[length++] = unit
  }
  return decodeUtf8(octets.subarray(0, length))
}
