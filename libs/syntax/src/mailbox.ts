import { AddressScanner } from './address-scanner.ts'
import { isAsciiText } from './ascii.ts'
import type { AddressLiteral } from './address-literal.ts'
import type { Domain } from './domain.ts'
import { formatLocalPart } from './local-part.ts'

/** An address: `local-part@domain`. Local parts keep their case and are never compared here. */
// RFC 5321 §4.1.2
export interface Mailbox {
  /** Without quotes and backslashes: `"john doe"@x` and `"john\ doe"@x` have the same. */
  readonly localPart: string
  /** A domain name, or an address literal in its brackets. */
  readonly domain: Domain
  /** Present when `domain` is a literal. */
  readonly literal?: AddressLiteral
}

/** Reads an address that stands alone, or undefined. UTF-8 is allowed (RFC 6531 §3.3). */
export function parseMailbox(text: string): Mailbox | undefined {
  const scanner = new AddressScanner(Buffer.from(text))
  const mailbox = scanner.mailbox()
  return scanner.atEnd ? mailbox : undefined
}

/** The address in its canonical form: quoted only where it must be. */
export function formatMailbox(mailbox: Mailbox): string {
  return `${formatLocalPart(mailbox.localPart)}@${mailbox.domain}`
}

/** The address can be said to a server that has no SMTPUTF8 (domains are A-labels already). */
export function isAsciiMailbox(mailbox: Mailbox): boolean {
  return isAsciiText(mailbox.localPart)
}
