import { LineReader } from '@cartero/wire'
import { splitEnhancedStatus, type EnhancedStatus } from '@cartero/syntax'
import type { Reply } from './reply.ts'

/** Octets of a reply line; twice what the standard allows, because the text is written by people. */
// RFC 5321 §4.5.3.1.5
export const LINE_OCTETS = 1024
/** Lines that are kept of a reply: no EHLO answer comes near, and memory is bounded. The others are read and forgotten. */
export const KEPT_LINES = 256
/** Lines of a reply: whoever says more says it without end. */
export const LINES = 10_000

/** Codes that nobody has defined are taken by their first digit; there is no 1yz in SMTP. */
// RFC 5321 §4.2, RFC 5321 §4.3.2
const REPLY_LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s

/** The server does not speak SMTP, or not well enough to go on. */
export class ReplySyntaxError extends Error {
  override readonly name = 'ReplySyntaxError'
}

/** Cuts what a server sends into replies. */
// RFC 5321 §4.2.1
export class ReplyReader {
  readonly #input = new LineReader(LINE_OCTETS)
  #code = ''
  #lines: string[] = []
  #count = 0
  #status: EnhancedStatus | undefined

  push(bytes: Buffer): void {
    this.#input.push(bytes)
  }

  /** Octets that are no whole reply yet, or behind those that were heard. */
  get buffered(): number {
    return this.#input.buffered
  }

  /** Forgets what was received, for it was received before TLS (RFC 3207 §6). */
  clear(): void {
    this.#input.clear()
    this.#lines = []
    this.#count = 0
  }

  /** The next whole reply. Throws ReplySyntaxError. */
  next(): Reply | undefined {
    for (;;) {
      const line = this.#input.next()
      if (line === undefined) {
        if (this.#input.isSkipping) throw new ReplySyntaxError('tooLong')
        return undefined
      }
      if (line.kind !== 'line') throw new ReplySyntaxError(line.kind)
      if (this.#add(line.bytes.toString('utf8'))) return this.#take()
    }
  }

  /** True when this was the last line of its reply. */
  #add(line: string): boolean {
    const match = REPLY_LINE.exec(line)
    if (match === null) throw new ReplySyntaxError(`no reply: ${line.slice(0, 80)}`)
    if (this.#count > 0 && match[1] !== this.#code) throw new ReplySyntaxError('codes differ in one reply')
    if (this.#count === LINES) throw new ReplySyntaxError('a reply without end')
    this.#code = match[1]!
    if (++this.#count <= KEPT_LINES) this.#keep(match[3] ?? '')
    return match[2] !== '-'
  }

  #keep(text: string): void {
    const split = splitEnhancedStatus(text)
    // RFC 2034 §4: the same code on every line
    if (this.#lines.length === 0) this.#status = split?.status
    this.#lines.push(split !== undefined && split.status === this.#status ? split.rest : text)
  }

  #take(): Reply {
    const code = Number(this.#code)
    const lines = this.#lines
    this.#lines = []
    this.#count = 0
    return this.#status === undefined ? { code, lines } : { code, status: this.#status, lines }
  }
}
