import { textOf, type OctetString } from '../octet-string.ts'

/**
 * `utf-8;…` with everything but visible ASCII as `\x{HEX}` (RFC 6533 §3, utf-8-addr-xtext), which is also what RFC 6857 §3.1.9 makes of
 * Original-Recipient.
 */
export function asciiTypedAddress(value: OctetString): string {
  const semicolon = value.indexOf(';')
  const address = textOf(value.slice(semicolon + 1).replace(/^[ \t]+/, ''))
  return `utf-8;${utf8AddressXtext(address)}`
}

/** utf-8-addr-xtext of RFC 6533 §3. */
export function utf8AddressXtext(address: string): string {
  let text = ''
  for (const character of address) {
    const isPlain = /[!-*,-<>-[\]-~]/.test(character)
    text += isPlain
      ? character
      : `\\x{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}}`
  }
  return text
}

/** What utf-8-addr-xtext and utf-8-addr-unitext of RFC 6533 §3 stand for; what is no escape stays. */
export function utf8AddressOf(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{2,6})\}/g, (escape, hex: string) => {
    const point = Number.parseInt(hex, 16)
    const isCharacter = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
    return isCharacter ? String.fromCodePoint(point) : escape
  })
}
