import { encodeUtf8Address } from '@cartero/syntax'
import { textOf, type OctetString } from '../octet-string.ts'

/** `utf-8;…` as utf-8-addr-xtext (RFC 6533 §3), which is also what RFC 6857 §3.1.9 makes of Original-Recipient. */
export function asciiTypedAddress(value: OctetString): string {
  const semicolon = value.indexOf(';')
  const address = textOf(value.slice(semicolon + 1).replace(/^[ \t]+/, ''))
  return `utf-8;${encodeUtf8Address(address)}`
}
