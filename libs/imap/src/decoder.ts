import { octetClass, Scanner, SyntaxFault } from '@cartero/wire'
import { midnight, monthNumber } from './date-time.ts'
import { LimitError, type ImapLimits } from './limits.ts'
import { decodeMailboxName } from './mailbox-name.ts'
import { NumberSet, STAR, type NumberRange } from './number-set.ts'

const SP = 0x20
const DQUOTE = 0x22
const LPAREN = 0x28
const RPAREN = 0x29
const COMMA = 0x2c
const HYPHEN = 0x2d
const COLON = 0x3a
const BACKSLASH = 0x5c
const LBRACE = 0x7b
const RBRACE = 0x7d

// RFC 3501 §9: ATOM-CHAR is any CHAR except "(" ")" "{" SP CTL list-wildcards quoted-specials resp-specials
const PRINTABLE: readonly [string, string] = ['\x21', '\x7e']
const ATOM_CHAR = without(octetClass('', PRINTABLE), '(){%*"\\]')
const ASTRING_CHAR = with_(ATOM_CHAR, ']')
const TAG_CHAR = without(ASTRING_CHAR, '+')
const LIST_CHAR = with_(ASTRING_CHAR, '%*')
const DIGIT = octetClass('', ['0', '9'])
const ALPHA = octetClass('', ['a', 'z'], ['A', 'Z'])

/** The largest `number` (RFC 3501 §9): 32 bits. */
const MAX_NUMBER = 0xffff_ffff

/** How words are to be read: which names of mailboxes, how much of everything. */
export interface DecoderOptions {
  readonly limits: ImapLimits
  /** IMAP4rev2 or UTF8=ACCEPT is enabled: names and quoted strings are UTF-8 (RFC 9051 §5.1, RFC 6855 §3). */
  readonly utf8: boolean
}

/**
 * Reads one command, whose literals stand in it as they came: `{3}` CRLF and three octets.
 * Methods bear the names of the ABNF's rules (RFC 3501 §9, RFC 9051 §9); `x()` takes or returns undefined,
 * `expectX()` takes or throws a SyntaxFault. A number that is too large for us throws a LimitError.
 */
export class Decoder extends Scanner {
  readonly limits: ImapLimits
  readonly utf8: boolean
  #depth = 0

  constructor(bytes: Buffer, options: DecoderOptions) {
    super(bytes)
    this.limits = options.limits
    this.utf8 = options.utf8
  }

  expectSp(): void {
    this.expectOctet(SP)
  }

  sp(): boolean {
    return this.octet(SP)
  }

  tag(): string | undefined {
    return this.run(TAG_CHAR)
  }

  atom(): string | undefined {
    return this.run(ATOM_CHAR)
  }

  expectAtom(name: string = 'an atom'): string {
    return this.expectRun(ATOM_CHAR, name)
  }

  /** A word of letters, in upper case. */
  keyword(): string | undefined {
    return this.run(ALPHA)?.toUpperCase()
  }

  /** An atom if it is this one as a whole, whatever its case. `word` is in lower case. */
  word(word: string): boolean {
    const start = this.offset
    if (this.literal(word) && ATOM_CHAR[this.peek()] !== 1) return true
    this.offset = start
    return false
  }

  // number = 1*DIGIT, 0 <= n < 4,294,967,296
  number(): number | undefined {
    const start = this.offset
    const digits = this.run(DIGIT)
    if (digits === undefined) return undefined
    const value = Number(digits)
    if (value <= MAX_NUMBER) return value
    throw new SyntaxFault('a number below 2^32', start)
  }

  expectNumber(): number {
    return this.number() ?? this.fault('a number')
  }

  // number64 of RFC 9051 §9, as far as a double counts exactly
  expectNumber64(): number {
    const start = this.offset
    const value = Number(this.expectRun(DIGIT, 'a number'))
    if (Number.isSafeInteger(value)) return value
    throw new SyntaxFault('a number below 2^53', start)
  }

  expectNzNumber(): number {
    const start = this.offset
    const value = this.expectNumber()
    if (value > 0) return value
    throw new SyntaxFault('a number above 0', start)
  }

  // string = quoted / literal
  string(): Buffer | undefined {
    if (this.peek() === DQUOTE) return this.#quoted()
    return this.peek() === LBRACE ? this.#countedLiteral() : undefined
  }

  expectString(): Buffer {
    return this.string() ?? this.fault('a string')
  }

  // astring = 1*ASTRING-CHAR / string
  astring(): Buffer | undefined {
    const start = this.offset
    while (ASTRING_CHAR[this.peek()] === 1) this.offset++
    return this.offset > start ? this.bytes.subarray(start, this.offset) : this.string()
  }

  expectAstring(): Buffer {
    return this.astring() ?? this.fault('an astring')
  }

  // nstring = string / nil
  expectNstring(): Buffer | undefined {
    return this.word('nil') ? undefined : this.expectString()
  }

  // mailbox = "INBOX" / astring
  expectMailbox(): string {
    const start = this.offset
    const name = decodeMailboxName(this.expectAstring(), this.utf8)
    if (name !== undefined) return name
    throw new SyntaxFault(this.utf8 ? 'a name in UTF-8' : 'a name in modified UTF-7', start)
  }

  // list-mailbox = 1*list-char / string
  expectListMailbox(): string {
    const start = this.offset
    while (LIST_CHAR[this.peek()] === 1) this.offset++
    const octets = this.offset > start ? this.bytes.subarray(start, this.offset) : this.expectString()
    const name = decodeMailboxName(octets, this.utf8)
    if (name !== undefined) return name
    throw new SyntaxFault(this.utf8 ? 'a pattern in UTF-8' : 'a pattern in modified UTF-7', start)
  }

  // flag = "\Answered" / … / flag-keyword / flag-extension
  flag(): string | undefined {
    const start = this.offset
    const system = this.octet(BACKSLASH)
    const name = this.atom()
    if (name !== undefined) return system ? `\\${name}` : name
    this.offset = start
    return undefined
  }

  // flag-list = "(" [flag *(SP flag)] ")"
  expectFlagList(): readonly string[] {
    return this.expectList(() => this.flag() ?? this.fault('a flag'))
  }

  /** `(` items with one space between `)`; empty is allowed. */
  expectList<T>(item: () => T): readonly T[] {
    this.expectOctet(LPAREN)
    const items: T[] = []
    if (this.octet(RPAREN)) return items
    do items.push(this.nested(item))
    while (this.sp())
    this.expectOctet(RPAREN)
    return items
  }

  /** Reads something within parentheses, NOT or OR. Throws LimitError when there are too many around it. */
  nested<T>(read: () => T): T {
    if (++this.#depth > this.limits.nesting) throw new LimitError('nesting', 'nested too deeply')
    const result = read()
    this.#depth--
    return result
  }

  // sequence-set = (seq-number / seq-range) ["," sequence-set] / seq-last-command
  sequenceSet(): NumberSet | '$' | undefined {
    const first = this.peek()
    if (first === 0x24) {
      this.offset++
      return '$'
    }
    if (first !== 0x2a && DIGIT[first] !== 1) return undefined
    const ranges: NumberRange[] = []
    do {
      if (ranges.length === this.limits.ranges) throw new LimitError('ranges', 'too many ranges in one set')
      const start = this.#seqNumber()
      ranges.push([start, this.octet(COLON) ? this.#seqNumber() : start])
    } while (this.octet(COMMA))
    return new NumberSet(ranges)
  }

  expectSequenceSet(): NumberSet | '$' {
    return this.sequenceSet() ?? this.fault('a sequence set')
  }

  // date = date-text / DQUOTE date-text DQUOTE; gives midnight UTC in milliseconds
  expectDate(): number {
    const quoted = this.octet(DQUOTE)
    const date = this.#dateText()
    if (quoted) this.expectOctet(DQUOTE)
    return date
  }

  // date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE; gives milliseconds
  expectDateTime(): number {
    this.expectOctet(DQUOTE)
    this.sp()
    const day = this.#dateText()
    this.expectSp()
    const time = this.#time()
    this.expectSp()
    const zone = this.#zone()
    this.expectOctet(DQUOTE)
    return day + time - zone
  }

  expectListEnd(): void {
    this.expectOctet(RPAREN)
  }

  fault(expected: string): never {
    throw new SyntaxFault(expected, this.offset)
  }

  #quoted(): Buffer {
    const start = ++this.offset
    let plain = true
    for (;;) {
      const octet = this.peek()
      if (octet === DQUOTE) break
      if (octet === BACKSLASH) {
        plain = false
        this.offset++
        if (this.peek() !== DQUOTE && this.peek() !== BACKSLASH) this.fault('an escaped quote or backslash')
      } else if (octet < 0x20 && octet !== 0x09) this.fault('a closing quote')
      this.offset++
    }
    const octets = this.bytes.subarray(start, this.offset++)
    return plain ? octets : unescape(octets)
  }

  // literal = "{" number ["+"] "}" CRLF *CHAR8 (RFC 7888 §4)
  #countedLiteral(): Buffer {
    const start = this.offset
    this.offset++
    const size = this.expectNumber()
    this.literal('+')
    if (!this.octet(RBRACE) || !this.literal('\r\n') || this.offset + size > this.end) {
      throw new SyntaxFault('a literal', start)
    }
    const octets = this.bytes.subarray(this.offset, this.offset + size)
    this.offset += size
    // RFC 3501 §9: CHAR8 is any octet except NUL
    if (octets.includes(0)) throw new SyntaxFault('a literal without NUL', start)
    return octets
  }

  #seqNumber(): number {
    return this.literal('*') ? STAR : this.expectNzNumber()
  }

  #dateText(): number {
    const start = this.offset
    const day = Number(this.expectRun(DIGIT, 'a day'))
    this.expectOctet(HYPHEN)
    const month = monthNumber(this.expectRun(ALPHA, 'a month'))
    this.expectOctet(HYPHEN)
    const year = this.#digits(4)
    const date = month === undefined ? undefined : midnight(year, month, day)
    if (date !== undefined) return date
    throw new SyntaxFault('a day that exists', start)
  }

  #time(): number {
    const start = this.offset
    const hours = this.#digits(2)
    this.expectOctet(COLON)
    const minutes = this.#digits(2)
    this.expectOctet(COLON)
    const seconds = this.#digits(2)
    if (hours < 24 && minutes < 60 && seconds <= 60) return ((hours * 60 + minutes) * 60 + seconds) * 1000
    throw new SyntaxFault('a time of day', start)
  }

  #zone(): number {
    const sign = this.literal('+') ? 1 : -1
    if (sign === -1) this.expectOctet(HYPHEN)
    return sign * (this.#digits(2) * 60 + this.#digits(2)) * 60_000
  }

  #digits(count: number): number {
    const start = this.offset
    for (let i = 0; i < count; i++) {
      if (DIGIT[this.peek()] !== 1) this.fault('a digit')
      this.offset++
    }
    return Number(this.bytes.toString('latin1', start, this.offset))
  }
}

function without(octets: Uint8Array, characters: string): Uint8Array {
  const table = Uint8Array.from(octets)
  for (const character of characters) table[character.charCodeAt(0)] = 0
  return table
}

function with_(octets: Uint8Array, characters: string): Uint8Array {
  const table = Uint8Array.from(octets)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

function unescape(octets: Buffer): Buffer {
  const plain: number[] = []
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] === BACKSLASH) i++
    plain.push(octets[i]!)
  }
  return Buffer.from(plain)
}
