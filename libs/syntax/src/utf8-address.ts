const LARGEST = 0x10ffff

/** `\x{…}`: a character that may not stand as it is. */
const EMBEDDED = /\\x\{([0-9A-Fa-f]{2,6})\}/y
// RFC 6533 §3: of two digits, HEXPOINT has these; CR and LF are not among them
const TWO_DIGITS = /^(?:[01][1-9]|10|20|2B|3D|5C|7F|[89A-F][0-9A-F])$/i

/**
 * Reads an address of type `utf-8`, in either form: utf-8-addr-xtext is ASCII, utf-8-addr-unitext has the characters
 * themselves and is allowed only with SMTPUTF8. Undefined when it is malformed.
 */
// RFC 6533 §3
export function decodeUtf8Address(text: string): string | undefined {
  let address = ''
  for (let i = 0; i < text.length;) {
    const character = String.fromCodePoint(text.codePointAt(i)!)
    if (character !== '\\') {
      if (mustBeEmbedded(character)) return undefined
      address += character
      i += character.length
      continue
    }
    EMBEDDED.lastIndex = i
    const match = EMBEDDED.exec(text)
    const embedded = match === null ? undefined : embeddedCharacter(match[1]!)
    if (match === null || embedded === undefined) return undefined
    address += embedded
    i += match[0].length
  }
  return address === '' ? undefined : address
}

/** Writes an address as utf-8-addr-xtext. */
// RFC 6533 §3
export function encodeUtf8Address(address: string): string {
  let text = ''
  for (const character of address) {
    const code = character.codePointAt(0)!
    const plain = code < 0x7f && !mustBeEmbedded(character)
    text += plain ? character : `\\x{${code.toString(16).toUpperCase().padStart(2, '0')}}`
  }
  return text
}

/** Controls, space, `+`, `=`, the backslash and DEL. */
function mustBeEmbedded(character: string): boolean {
  return character <= ' ' || '+=\\\x7f'.includes(character)
}

// RFC 6533 §3: HEXPOINT has no leading zeros beyond two digits, and no surrogates
function embeddedCharacter(hex: string): string | undefined {
  const code = Number.parseInt(hex, 16)
  if (hex.length === 2) return TWO_DIGITS.test(hex) ? String.fromCodePoint(code) : undefined
  if (hex.startsWith('0') || code > LARGEST || (code >= 0xd800 && code <= 0xdfff)) return undefined
  return String.fromCodePoint(code)
}
