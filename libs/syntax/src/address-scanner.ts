import { Scanner, SyntaxFault } from '@cartero/wire'
import { ADDRESS_LITERAL_OCTETS, formatAddressLiteral, parseAddressLiteral } from './address-literal.ts'
import { ATEXT, LDH, QTEXT, isAscii, withUtf8 } from './ascii.ts'
import { DOMAIN_OCTETS, parseDomain, type Domain } from './domain.ts'
import { LOCAL_PART_OCTETS } from './local-part.ts'
import type { Mailbox } from './mailbox.ts'
import { decodeUtf8 } from './utf8.ts'

const AT = 0x40
const DOT = 0x2e
const QUOTE = 0x22
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d

const ATEXT_UTF8 = withUtf8(ATEXT)
const QTEXT_UTF8 = withUtf8(QTEXT)
const DOMAIN_UTF8 = withUtf8(LDH)

/**
 * Reads addresses as envelopes have them. UTF-8 is always understood and remembered in `sawUtf8`: whether it was
 * allowed is known only after the parameters that follow the address (RFC 6531 §3.4).
 */
// RFC 5321 §4.1.2, RFC 6531 §3.3
export class AddressScanner extends Scanner {
  /** Something that was taken contained octets above 127. */
  sawUtf8 = false

  mailbox(): Mailbox | undefined {
    const start = this.offset
    const localPart = this.localPart()
    if (localPart !== undefined && this.octet(AT)) {
      const mailbox = this.#atDomain(localPart)
      if (mailbox !== undefined) return mailbox
    }
    this.offset = start
    return undefined
  }

  expectMailbox(): Mailbox {
    const mailbox = this.mailbox()
    if (mailbox === undefined) throw new SyntaxFault('address', this.offset)
    return mailbox
  }

  /** Dot-string or quoted string, without its quotes. */
  localPart(): string | undefined {
    const start = this.offset
    const text = this.peek() === QUOTE ? this.quotedString() : this.dotString()
    if (text !== undefined && this.offset - start <= LOCAL_PART_OCTETS) return text
    this.offset = start
    return undefined
  }

  dotString(): string | undefined {
    const start = this.offset
    do {
      if (!this.#skip(ATEXT_UTF8)) {
        this.offset = start
        return undefined
      }
    } while (this.octet(DOT))
    return this.#text(start, this.offset)
  }

  /** Without its quotes and backslashes. */
  quotedString(): string | undefined {
    const start = this.offset
    if (!this.octet(QUOTE)) return undefined
    const pieces: string[] = []
    for (;;) {
      const from = this.offset
      this.#skip(QTEXT_UTF8)
      const piece = this.#text(from, this.offset)
      if (piece !== undefined) pieces.push(piece)
      if (piece !== undefined && this.octet(QUOTE)) return pieces.join('')
      const escaped = piece !== undefined && this.octet(BACKSLASH) ? this.peek() : -1
      // RFC 5321 §4.1.2: quoted-pairSMTP is a backslash and a visible character or space.
      if (escaped < 0x20 || escaped > 0x7e) {
        this.offset = start
        return undefined
      }
      pieces.push(String.fromCharCode(escaped))
      this.offset++
    }
  }

  /** A domain name, in normal form. */
  domain(): Domain | undefined {
    const start = this.offset
    while (this.#skip(DOMAIN_UTF8) || this.octet(DOT)) if (this.offset - start > 4 * DOMAIN_OCTETS) break
    const text = this.#text(start, this.offset)
    const domain = text === undefined ? undefined : parseDomain(text)
    if (domain === undefined) this.offset = start
    return domain
  }

  /** `[…]` as it stands, or undefined when there is no closing bracket near. */
  bracketed(): string | undefined {
    if (this.peek() !== BRACKET) return undefined
    const end = this.bytes.indexOf(CLOSING_BRACKET, this.offset)
    if (end === -1 || end >= this.end || end - this.offset >= ADDRESS_LITERAL_OCTETS) return undefined
    const text = this.bytes.toString('latin1', this.offset, end + 1)
    this.offset = end + 1
    return text
  }

  #atDomain(localPart: string): Mailbox | undefined {
    const bracketed = this.bracketed()
    if (bracketed === undefined) {
      const domain = this.domain()
      return domain && { localPart, domain }
    }
    const literal = parseAddressLiteral(bracketed)
    return literal && { localPart, domain: formatAddressLiteral(literal), literal }
  }

  #skip(octets: Uint8Array): boolean {
    const start = this.offset
    while (this.offset < this.end && octets[this.bytes[this.offset]!] === 1) this.offset++
    return this.offset > start
  }

  #text(start: number, end: number): string | undefined {
    if (isAscii(this.bytes, start, end)) return this.bytes.toString('latin1', start, end)
    this.sawUtf8 = true
    return decodeUtf8(this.bytes.subarray(start, end))
  }
}
