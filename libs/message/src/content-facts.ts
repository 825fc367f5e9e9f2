import { octetClass } from '@cartero/wire'
import { LONGEST_FIELD_NAME } from './header-line.ts'
import { COLON, CR, isWsp, LF } from './octets.ts'
import { Utf8Checker } from './utf8-checker.ts'

/** What a hop has to be able to carry, if the message is to pass as it is. */
export interface ContentFacts {
  /** The header has octets above 127; such a message needs SMTPUTF8 (RFC 6531 §3.2) or another header. */
  readonly eightBitHeader: boolean
  /** They are UTF-8 throughout (RFC 6532 §3.1). False for an ASCII header. */
  readonly utf8Header: boolean
  /** The body has octets above 127 (RFC 6152 §1). */
  readonly eightBitBody: boolean
  /** Somewhere is a NUL, a CR or LF alone, or a line that is too long: only BINARYMIME carries it (RFC 3030 §3). */
  readonly binary: boolean
  readonly nul: boolean
  readonly bareCr: boolean
  readonly bareLf: boolean
  /** Octets of the longest line without its line end. */
  readonly longestLine: number
}

/** Octets of a line without its line end. */
// RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1
export const LONGEST_LINE = 998

// RFC 5322 §3.6.8: ftext
const FTEXT = octetClass('', ['!', '9'], [';', '~'])

/** Where in the header we are: at a line's start, after its CR, in a name, behind a name, in a value; or in the body. */
type Place = 'lineStart' | 'blankCr' | 'name' | 'afterName' | 'value' | 'body'

/**
 * Gathers the facts in one pass over a message in chunks that are cut anywhere; what it keeps is a few numbers. The header ends
 * where `HeaderBlock` ends it.
 */
export class ContentScanner {
  #place: Place = 'lineStart'
  #hasFields = false
  readonly #headerText = new Utf8Checker()
  #eightBitHeader = false
  #eightBitBody = false
  #nul = false
  #bareCr = false
  #bareLf = false
  #longestLine = 0
  /** Octets of the present line that stood in earlier chunks. */
  #lineBefore = 0
  /** The last octet was a CR. */
  #afterCr = false
  /** Octets of a field's name so far, behind its first. */
  #nameOctets = 0

  /** `'message'` begins with a header; `'body'` is that of one part. */
  constructor(what: 'message' | 'body' = 'message') {
    if (what === 'body') this.#place = 'body'
  }

  write(chunk: Buffer): void {
    if (this.#place !== 'body') this.#header(chunk)
    this.#lines(chunk)
  }

  /** Of everything written so far. */
  get facts(): ContentFacts {
    const bareCr = this.#bareCr || this.#afterCr
    const longestLine = Math.max(this.#longestLine, this.#lineBefore - (this.#afterCr ? 1 : 0))
    return {
      eightBitHeader: this.#eightBitHeader,
      utf8Header: this.#eightBitHeader && this.#headerText.isComplete,
      eightBitBody: this.#eightBitBody,
      binary: this.#nul || bareCr || this.#bareLf || longestLine > LONGEST_LINE,
      nul: this.#nul,
      bareCr,
      bareLf: this.#bareLf,
      longestLine,
    }
  }

  /** Line ends, NULs and eight-bit octets of the body. Nearly all octets are between CR and DEL: they cost two comparisons. */
  #lines(chunk: Buffer): void {
    const { length } = chunk
    let at = this.#afterCr && length > 0 ? this.#afterLastCr(chunk[0]!) : 0
    let lineStart = at > 0 ? at : -this.#lineBefore
    while (at < length) {
      const octet = chunk[at]!
      if (octet > CR && octet < 0x80) at++
      else if (octet === CR && chunk[at + 1] === LF) {
        if (at - lineStart > this.#longestLine) this.#longestLine = at - lineStart
        at += 2
        lineStart = at
      } else if (octet === LF) {
        this.#bareLf = true
        if (at - lineStart > this.#longestLine) this.#longestLine = at - lineStart
        lineStart = ++at
      } else this.#odd(octet, at++, length)
    }
    this.#lineBefore = length - lineStart
    this.#bodyAt = this.#place === 'body' ? 0 : Number.POSITIVE_INFINITY
  }

  /** The last chunk ended in a CR. Returns how many octets of this one belong to it. */
  #afterLastCr(next: number): number {
    this.#afterCr = false
    if (next !== LF) {
      this.#bareCr = true
      return 0
    }
    this.#longestLine = Math.max(this.#longestLine, this.#lineBefore - 1)
    return 1
  }

  #odd(octet: number, at: number, length: number): void {
    if (octet === 0) this.#nul = true
    else if (octet >= 0x80 && at >= this.#bodyAt) this.#eightBitBody = true
    else if (octet === CR && at + 1 < length) this.#bareCr = true
    else if (octet === CR) this.#afterCr = true
  }

  /** Where in the present chunk the body begins. */
  #bodyAt = 0

  #header(chunk: Buffer): void {
    this.#bodyAt = Number.POSITIVE_INFINITY
    for (let at = 0; at < chunk.length; at++) {
      this.#place = this.#next(chunk[at]!)
      if (this.#place !== 'body') continue
      this.#bodyAt = at
      return
    }
  }

  #next(octet: number): Place {
    switch (this.#place) {
      case 'lineStart':
        return this.#atLineStart(octet)
      case 'name':
      case 'afterName':
        if (++this.#nameOctets >= LONGEST_FIELD_NAME) return 'body'
        if (octet === COLON) {
          this.#hasFields = true
          return 'value'
        }
        if (isWsp(octet)) return 'afterName'
        return this.#place === 'name' && FTEXT[octet] === 1 ? 'name' : 'body'
      case 'value':
        if (octet === LF) return 'lineStart'
        if (octet >= 0x80) this.#eightBitHeader = true
        this.#headerText.take(octet)
        return 'value'
      case 'blankCr':
      case 'body':
        return 'body'
    }
  }

  #atLineStart(octet: number): Place {
    if (octet === CR) return 'blankCr'
    if (isWsp(octet)) return this.#hasFields ? 'value' : 'body'
    this.#nameOctets = 0
    return FTEXT[octet] === 1 ? 'name' : 'body'
  }
}

/** The facts of a message that is at hand. */
export function contentFacts(message: Buffer): ContentFacts {
  const scanner = new ContentScanner()
  scanner.write(message)
  return scanner.facts
}
