import { LineReader } from '@cartero/wire'
import { parseResponse, type ServerResponse } from './response-parser.ts'

/** Octets of a response's line: FETCH answers of one line hold whole envelopes. */
const LINE_LIMIT = 1024 * 1024

const CRLF = Buffer.from('\r\n')

/** Cuts what a server sends into responses, literals included. */
export class ResponseReader {
  readonly #lines = new LineReader(LINE_LIMIT)
  #parts: Buffer[] = []
  #left = 0

  push(bytes: Buffer): void {
    this.#lines.push(bytes)
  }

  /** Forgets what came in the clear (RFC 3501 §6.2.1). */
  clear(): void {
    this.#lines.clear()
    this.#parts = []
    this.#left = 0
  }

  /** The next whole response. Throws SyntaxFault, RangeError when a line is too long. */
  next(): ServerResponse | undefined {
    for (;;) {
      if (this.#left > 0) {
        const octets = this.#lines.take(this.#left)
        if (octets === undefined) return undefined
        this.#left -= octets.length
        this.#parts.push(octets)
        continue
      }
      const line = this.#lines.next()
      if (line === undefined) return undefined
      if (line.kind === 'tooLong') throw new RangeError('the server sent a line that is too long')
      this.#parts.push(line.bytes)
      const size = literalSize(line.bytes)
      if (size === undefined) return this.#whole()
      this.#parts.push(CRLF)
      this.#left = size
    }
  }

  #whole(): ServerResponse {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    this.#parts = []
    return parseResponse(bytes)
  }
}

function literalSize(line: Buffer): number | undefined {
  if (line[line.length - 1] !== 0x7d) return undefined
  const start = line.lastIndexOf('{')
  const size = Number(line.toString('latin1', start + 1, line.length - 1))
  return start === -1 || !Number.isSafeInteger(size) ? undefined : size
}
