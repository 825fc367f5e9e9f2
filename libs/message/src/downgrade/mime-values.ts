import { decodeUtf8, isAsciiText } from '@cartero/syntax'
import { FieldScanner } from '../field/field-scanner.ts'
import { parseParameters } from '../field/parameters.ts'
import { octetsOf, type OctetString } from '../octet-string.ts'
import { SLASH } from '../octets.ts'
import { FieldWriter } from './field-writer.ts'

const TOKEN = /^[!#$%&'*+.^_`{|}~0-9A-Za-z-]+$/

/** Characters of one section of a value (RFC 2231 §3): with name and number it fits a line. */
const SECTION_LENGTH = 48

/**
 * Content-Type and Content-Disposition in ASCII: parameters that are not become `name*=utf-8''…` (RFC 2231 §4,
 * RFC 6857 §3.1.4). An empty charset says that nobody knows which it is. Comments are lost.
 */
export function downgradedMimeValue(name: string, value: Buffer): Buffer {
  const scanner = new FieldScanner(value)
  scanner.cfws()
  const type = scanner.token() ?? ''
  scanner.cfws()
  const subtype = scanner.octet(SLASH) ? `/${(scanner.cfws(), scanner.token() ?? '')}` : ''
  const words = [ascii(`${type}${subtype}`)]
  for (const [attribute, text] of parseParameters(scanner, value.length)) {
    words.push(...(isAsciiText(text) ? plain(ascii(attribute), text) : extended(ascii(attribute), text)))
  }
  const writer = new FieldWriter(name)
  for (const [index, word] of words.entries()) writer.add(index === words.length - 1 ? word : `${word};`)
  return writer.end()
}

/** Names that are not ASCII have no other form. */
function ascii(name: OctetString): string {
  return name.replace(/[^\x21-\x7e]/g, '?')
}

function plain(name: string, text: OctetString): readonly string[] {
  // Joined continuations come with charset and language, and still percent-encoded.
  if (name.endsWith('*')) return sections(name.slice(0, -1), text)
  return [TOKEN.test(text) ? `${name}=${text}` : `${name}="${text.replace(/["\\]/g, '\\$&')}"`]
}

function extended(name: string, text: OctetString): readonly string[] {
  const octets = octetsOf(text)
  if (name.endsWith('*')) return sections(name.slice(0, -1), percentEncoded(octets, /[!-~]/))
  const charset = decodeUtf8(octets) === undefined ? '' : 'utf-8'
  return sections(name, `${charset}''${percentEncoded(octets, /[A-Za-z0-9._-]/)}`)
}

function sections(name: string, value: string): readonly string[] {
  if (value.length <= SECTION_LENGTH) return [`${name}*=${value}`]
  const pieces = value.match(new RegExp(`.{1,${SECTION_LENGTH}}(?<!%|%.)|.+`, 'g')) ?? []
  return pieces.map((piece, number) => `${name}*${number}*=${piece}`)
}

function percentEncoded(octets: Buffer, literal: RegExp): string {
  let text = ''
  for (const octet of octets) {
    const character = String.fromCharCode(octet)
    text += literal.test(character) ? character : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return text
}
