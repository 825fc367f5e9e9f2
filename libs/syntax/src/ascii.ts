import { octetClass, type OctetClass } from '@cartero/wire'

const LETTERS = [
  ['a', 'z'],
  ['A', 'Z'],
] as const
const DIGITS = [['0', '9']] as const

/** RFC 5234 §B.1. */
export const ALPHA: OctetClass = octetClass('', ...LETTERS)
/** RFC 5234 §B.1. */
export const DIGIT: OctetClass = octetClass('', ...DIGITS)
/** RFC 5321 §4.1.2: Let-dig. */
export const LET_DIG: OctetClass = octetClass('', ...LETTERS, ...DIGITS)
/** RFC 5321 §4.1.2: what an Ldh-str consists of. */
export const LDH: OctetClass = octetClass('-', ...LETTERS, ...DIGITS)
/** RFC 5322 §3.2.3: atext. */
export const ATEXT: OctetClass = octetClass("!#$%&'*+-/=?^_`{|}~", ...LETTERS, ...DIGITS)
/** RFC 5321 §4.1.2: qtextSMTP, which is space and everything visible but the quote and the backslash. */
export const QTEXT: OctetClass = octetClass('', [' ', '!'], ['#', '['], [']', '~'])
/** RFC 5234 §B.1: visible characters. */
export const VCHAR: OctetClass = octetClass('', ['!', '~'])
/** RFC 5321 §4.1.3: dcontent, what may stand between the brackets of a general address literal. */
export const DCONTENT: OctetClass = octetClass('', ['!', 'Z'], ['^', '~'])

/** The class and every octet of a multi-octet UTF-8 character (RFC 6531 §3.3: UTF8-non-ascii). */
export function withUtf8(octets: OctetClass): OctetClass {
  return octets.slice().fill(1, 0x80)
}

/** All octets are below 128. */
export function isAscii(bytes: Uint8Array, start: number = 0, end: number = bytes.length): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return false
  return true
}

/** All characters are below 128. */
export function isAsciiText(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false
  return true
}
