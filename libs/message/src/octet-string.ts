import { decodeUtf8, isAsciiText } from '@cartero/syntax'
import { CR, isWsp, LF } from './octets.ts'

/**
 * Octets as a string: each character, U+0000 to U+00FF, is one octet of the message. It survives JSON without loss whatever
 * the message's charset was, and nothing is decoded before somebody wants to read it.
 */
export type OctetString = string

/** The octets themselves. */
export function octetsOf(octets: OctetString): Buffer {
  return Buffer.from(octets, 'latin1')
}

/** The octets `start` to `end` of `bytes`. */
export function octetString(bytes: Buffer, start: number, end: number): OctetString {
  return bytes.toString('latin1', start, end)
}

const western = new TextDecoder('windows-1252')

/** Without white space around it. Not `String.trim`, which takes the last octet of a UTF-8 `à` for a no-break space. */
export function trimmed(octets: OctetString): OctetString {
  let start = 0
  let end = octets.length
  while (start < end && isWhite(octets.charCodeAt(start))) start++
  while (end > start && isWhite(octets.charCodeAt(end - 1))) end--
  return octets.slice(start, end)
}

function isWhite(octet: number): boolean {
  return isWsp(octet) || octet === CR || octet === LF
}

/** What a person would read: UTF-8 (RFC 6532 §3.1), or else Windows-1252, which is what unlabelled mail of old is in. Never throws. */
export function textOf(octets: OctetString): string {
  if (isAsciiText(octets)) return octets
  const bytes = octetsOf(octets)
  return decodeUtf8(bytes) ?? western.decode(bytes)
}
