import { octetClass, Scanner } from '@cartero/wire'
import { octetString, trimmed, type OctetString } from '../octet-string.ts'
import {
  BACKSLASH,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  CR,
  isWsp,
  LF,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  QUOTE,
} from '../octets.ts'

// RFC 5322 §3.2.3 atext, widened to whatever is no delimiter: mail of all times has brackets and controls in its names.
const ATEXT = octetClass('', ['\x00', '\xff'])
for (const delimiter of '\t\n\r "(,.:;<>@') ATEXT[delimiter.charCodeAt(0)] = 0

// RFC 2045 §5.1 token; UTF-8 as RFC 6532 §3.2 has it.
const TOKEN = octetClass('', ['!', '~'], ['\x80', '\xff'])
for (const special of '()<>@,;:\\"/[]?=') TOKEN[special.charCodeAt(0)] = 0

// What mailers leave unquoted in a parameter, as in `boundary=a/b:c`.
const BARE_VALUE = octetClass('', ['!', '\xff'])
for (const delimiter of '();"\x7f') BARE_VALUE[delimiter.charCodeAt(0)] = 0

/** A cursor over the value of a structured field, folds included. Lenient: it never throws, and what stays open ends with the field. */
export class FieldScanner extends Scanner {
  /** What the last comment passed over said, without its outer parentheses. */
  lastComment: OctetString | undefined

  /** Passes over white space, folds and comments (RFC 5322 §3.2.2) and tells whether there were any. */
  cfws(): boolean {
    const start = this.offset
    for (;;) {
      const octet = this.peek()
      if (isWsp(octet) || octet === CR || octet === LF) this.offset++
      else if (octet === OPEN_PARENTHESIS) this.lastComment = this.#comment()
      else return this.offset > start
    }
  }

  /** RFC 5322 §3.2.3, without the white space around it. */
  atom(): OctetString | undefined {
    return this.run(ATEXT)
  }

  /** RFC 2045 §5.1. */
  token(): OctetString | undefined {
    return this.run(TOKEN)
  }

  /** A parameter's value without quotes (RFC 2045 §5.1), its tspecials forgiven. */
  bareValue(): OctetString | undefined {
    return this.run(BARE_VALUE)
  }

  /** What a quoted-string says: quotes, backslashes and folds are taken off (RFC 5322 §3.2.4). */
  quotedString(): OctetString | undefined {
    return this.octet(QUOTE) ? this.#until(QUOTE) : undefined
  }

  /** An atom, or what a quoted-string says (RFC 5322 §3.2.5). */
  word(): OctetString | undefined {
    return this.peek() === QUOTE ? this.quotedString() : this.atom()
  }

  /** RFC 5322 §3.4.1, brackets included. */
  domainLiteral(): OctetString | undefined {
    return this.octet(OPEN_BRACKET) ? `[${this.#until(CLOSE_BRACKET)}]` : undefined
  }

  /** Everything before the first of `octets`, or the rest. Quotes and comments are not respected. */
  skipTo(...octets: readonly number[]): void {
    while (!this.atEnd && !octets.includes(this.peek())) this.offset++
  }

  /** Text up to the closing octet, which is taken; quoted-pairs and folds are resolved. */
  #until(close: number): OctetString {
    let text = ''
    let start = this.offset
    for (; !this.atEnd; this.offset++) {
      const octet = this.bytes[this.offset]!
      if (octet === close) break
      if (octet !== BACKSLASH && octet !== CR && octet !== LF) continue
      text += octetString(this.bytes, start, this.offset)
      if (octet === BACKSLASH && this.offset + 1 < this.end) this.offset++
      start = octet === BACKSLASH ? this.offset : this.offset + 1
    }
    text += octetString(this.bytes, start, Math.min(this.offset, this.end))
    this.octet(close)
    return text
  }

  /** Comments nest. A loop and not recursion: depth is the sender's choice. */
  #comment(): OctetString {
    const start = this.offset + 1
    let depth = 0
    for (; !this.atEnd; this.offset++) {
      const octet = this.bytes[this.offset]!
      if (octet === BACKSLASH) this.offset++
      else if (octet === OPEN_PARENTHESIS) depth++
      else if (octet === CLOSE_PARENTHESIS && --depth === 0) break
    }
    this.offset = Math.min(this.offset, this.end)
    const text = octetString(this.bytes, start, this.offset)
    this.octet(CLOSE_PARENTHESIS)
    return text
  }
}

/** A comment's text without folds and backslashes. */
export function commentText(comment: OctetString): OctetString {
  return trimmed(comment.replace(/\r?\n/g, '').replace(/\\(.)/gs, '$1'))
}
