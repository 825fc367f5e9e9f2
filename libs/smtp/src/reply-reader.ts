import { LineReader } from '@cartero/wire'
import { splitEnhancedStatus, type EnhancedStatus } from '@cartero/syntax'
import type { Reply } from './reply.ts'

/** Octets of a reply line; twice what the standard allows, because the text is written by people. */
// RFC 5321 §4.5.3.1.5
export const LINE_OCTETS = 1024
/** Lines of one reply: no EHLO answer comes near, and memory is bounded. */
export const LINES = 256

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
  #status: EnhancedStatus | undefined

  push(bytes: Buffer): void {
    this.#input.push(bytes)
  }

  /** Forgets what was received, for it was received before TLS (RFC 3207 §6). */
  clear(): void {
    this.#input.clear()
    this.#lines = []
  }

  /** The next whole reply. Throws ReplySyntaxError. */
  next(): Reply | undefined {
    for (;;) {
      const line = this.#input.next()
      if (line === undefined) return undefined
      if (line.kind !== 'line') throw new ReplySyntaxError(line.kind)
      if (this.#add(line.bytes.toString('utf8'))) return this.#take()
    }
  }

  /** True when this was the last line of its reply. */
  #add(line: string): boolean {
    const match = /^([2-5][0-5]\d)(?:([ -])(.*))?$/s.exec(line)
    if (match === null) throw new ReplySyntaxError(`no reply: ${line.slice(0, 80)}`)
    if (this.#lines.length > 0 && match[1] !== this.#code)
      throw new ReplySyntaxError('codes differ in one reply')
    if (this.#lines.length === LINES) throw new ReplySyntaxError('a reply without end')
    this.#code = match[1]!
    const text = match[3] ?? ''
    const split = splitEnhancedStatus(text)
    // RFC 2034 §4: the same code on every line
    if (this.#lines.length === 0) this.#status = split?.status
    this.#lines.push(split !== undefined && split.status === this.#status ? split.rest : text)
    return match[2] !== '-'
  }

  #take(): Reply {
    const code = Number(this.#code)
    const lines = this.#lines
    this.#lines = []
    return this.#status === undefined ? { code, lines } : { code, status: this.#status, lines }
  }
}
