const CR = 0x0d
const LF = 0x0a
const EMPTY: Buffer = Buffer.alloc(0)

/** Room behind an unfinished line: a peer that sends single octets must not have the line copied for each. */
const SLACK = 4096

/** Octets of a line that is too long that are told: the verbs of all protocols are shorter. */
const START = 16

/** One line of the peer, or why there is none that may be used. */
export type Line =
  /** The octets before CRLF. */
  | { readonly kind: 'line'; readonly bytes: Buffer }
  /**
   * The line was longer than the limit; all of it was skipped up to and with its CRLF, so the peers stay in step. `start` is
   * its first octets: what it would have been.
   */
  | { readonly kind: 'tooLong'; readonly start: Buffer }
  /** The line contains a CR or LF on its own; it ended at CRLF all the same (RFC 5321 §2.3.8). */
  | { readonly kind: 'bareNewline'; readonly bytes: Buffer }

/**
 * Cuts a byte stream into lines that end with CRLF and with nothing else, holding at most `limit` octets of an
 * unfinished line. The rest of the stream can be taken raw (literals, message data) between two lines.
 */
export class LineReader {
  readonly #limit: number
  /** What is at hand: a chunk as it came, or the end of what was written to `#store`. */
  #buffer: Buffer = EMPTY
  #store: Buffer = EMPTY
  #stored = 0
  #scanned = 0
  /** The first octets of a line that is being skipped. */
  #skipped: Buffer | undefined

  /** @param limit octets before the CRLF that a line may have */
  constructor(limit: number) {
    this.#limit = limit
  }

  get buffered(): number {
    return this.#buffer.length
  }

  /** The line under way is too long already, though its end has not come: who has no use for what follows need not wait for it. */
  get isSkipping(): boolean {
    return this.#skipped !== undefined
  }

  /** What was handed out before stays as it is: the store is only written behind it. */
  push(bytes: Buffer): void {
    if (this.#buffer.length === 0) {
      this.#buffer = bytes
      this.#store = EMPTY
      this.#stored = 0
      return
    }
    const length = this.#buffer.length + bytes.length
    if (this.#stored + bytes.length > this.#store.length) this.#makeRoom(length + SLACK)
    this.#store.set(bytes, this.#stored)
    this.#stored += bytes.length
    this.#buffer = this.#store.subarray(this.#stored - length, this.#stored)
  }

  /** The next whole line, or undefined until more bytes come. */
  next(): Line | undefined {
    const end = this.#crlf()
    if (end === -1) return this.#partial()
    const bytes = this.#buffer.subarray(0, end)
    this.#consume(end + 2)
    const skipped = this.#skipped
    if (skipped !== undefined) {
      this.#skipped = undefined
      return { kind: 'tooLong', start: skipped }
    }
    if (bytes.length > this.#limit) return { kind: 'tooLong', start: bytes.subarray(0, START) }
    if (bytes.includes(LF) || bytes.includes(CR)) return { kind: 'bareNewline', bytes }
    return { kind: 'line', bytes }
  }

  /** Takes up to `count` raw octets that are at hand, or undefined when none are. */
  take(count: number): Buffer | undefined {
    if (this.#buffer.length === 0 || count === 0) return undefined
    const bytes = this.#buffer.subarray(0, count)
    this.#consume(bytes.length)
    return bytes
  }

  /** Takes everything at hand. */
  takeAll(): Buffer {
    const bytes = this.#buffer
    this.#consume(bytes.length)
    return bytes
  }

  /** Forgets what was received, e.g. plaintext behind STARTTLS (RFC 3207 §6, CVE-2011-0411). */
  clear(): void {
    this.#buffer = EMPTY
    this.#store = EMPTY
    this.#stored = 0
    this.#scanned = 0
    this.#skipped = undefined
  }

  #makeRoom(octets: number): void {
    this.#store = Buffer.allocUnsafe(octets)
    this.#store.set(this.#buffer)
    this.#stored = this.#buffer.length
  }

  #crlf(): number {
    let from = this.#scanned
    for (;;) {
      const lf = this.#buffer.indexOf(LF, from)
      if (lf === -1) return -1
      if (lf > 0 && this.#buffer[lf - 1] === CR) return lf - 1
      from = lf + 1
    }
  }

  #partial(): undefined {
    const length = this.#buffer.length
    if (length > this.#limit + 1) {
      this.#skipped ??= Buffer.from(this.#buffer.subarray(0, START))
      this.#buffer = this.#buffer.subarray(length - 1)
    }
    this.#scanned = Math.max(0, this.#buffer.length - 1)
  }

  #consume(count: number): void {
    this.#buffer = count === this.#buffer.length ? EMPTY : this.#buffer.subarray(count)
    this.#scanned = 0
  }
}
