import { encodeUtf8Address, isAsciiText } from '@cartero/syntax'

/**
 * `type;text` as reports have it: `rfc822;ann@example.org`, `dns;mx.example.org`, `smtp;550 5.1.1 no such user`
 * (RFC 3464 §2.1.2).
 */
export type TypedText = string

export function typedText(type: string, text: string): TypedText {
  return `${type};${text}`
}

/** An address under the type that its letters ask for (RFC 6533 §3). */
export function typedAddress(address: string): TypedText {
  return typedText(isAsciiText(address) ? 'rfc822' : 'utf-8', address)
}

/**
 * Type in lower case and text; a type that is missing is `''`. Addresses of type utf-8 are given as they are meant,
 * without escapes.
 */
export function splitTypedText(value: TypedText): { readonly type: string; readonly text: string } {
  const semicolon = value.indexOf(';')
  const type = value.slice(0, Math.max(semicolon, 0)).trim().toLowerCase()
  const text = value.slice(semicolon + 1).trim()
  return { type, text: type === 'utf-8' ? unescaped(text) : text }
}

/** The form of an address for a report in UTF-8, or, with escapes, in ASCII (RFC 6533 §3, §4). */
export function reportedAddress(value: TypedText, isWide: boolean): TypedText {
  const { type, text } = splitTypedText(value)
  if (isAsciiText(text)) return `${type === 'utf-8' || type === '' ? 'rfc822' : type}; ${text}`
  return isWide ? `utf-8; ${text}` : `utf-8; ${encodeUtf8Address(text)}`
}

/** An address of type `utf-8`, read more leniently than the grammar is: what is no escape stays as it is. */
// RFC 6533 §3
function unescaped(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{2,6})\}/g, (escape, hex: string) => {
    const point = Number.parseInt(hex, 16)
    const isCharacter = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
    return isCharacter ? String.fromCodePoint(point) : escape
  })
}
