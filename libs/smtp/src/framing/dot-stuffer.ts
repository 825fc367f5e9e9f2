import { textEnd, wordsOf } from './text-runs.ts'

const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const CRLF = Buffer.from('\r\n')
const ONE_DOT = Buffer.from('.')
const ONE_LF = Buffer.from('\n')
const END = Buffer.from('.\r\n')
const NOTHING = Buffer.alloc(0)

const LINE_START = 0
const IN_LINE = 1
/** Behind a CR that was passed on and needs its LF. */
const AFTER_CR = 2

/**
 * Mends newlines: a CR or LF on its own, which no message in lines may have, becomes CRLF, so that no server can take it
 * for an end that is none.
 */
// RFC 5321 §2.3.8
export class NewlineMender {
  readonly #doublesDots: boolean
  #state = LINE_START

  /** @param doublesDots at the start of lines, as DATA needs it */
  constructor(doublesDots = false) {
    this.#doublesDots = doublesDots
  }

  /** The octets to send for this chunk: the chunk itself where nothing had to be put in. */
  write(chunk: Buffer): Buffer {
    const pieces: Buffer[] = []
    const doublesDots = this.#doublesDots
    const words = wordsOf(chunk)
    let state = this.#state
    let from = 0
    let i = 0
    const insert = (bytes: Buffer): void => {
      if (i > from) pieces.push(chunk.subarray(from, i))
      pieces.push(bytes)
      from = i
    }
    while (i < chunk.length) {
      const octet = chunk[i]!
      if (state === AFTER_CR) {
        if (octet === LF) i++
        else insert(ONE_LF)
        state = LINE_START
      } else if (octet === CR) {
        i++
        state = AFTER_CR
      } else if (octet === LF) {
        insert(CRLF)
        from = ++i
        state = LINE_START
      } else {
        if (state === LINE_START && octet === DOT && doublesDots) insert(ONE_DOT)
        state = IN_LINE
        i = textEnd(chunk, words, i + 1)
      }
    }
    this.#state = state
    if (pieces.length === 0) return chunk
    if (from < chunk.length) pieces.push(chunk.subarray(from))
    return Buffer.concat(pieces)
  }

  /** What the last line lacks of its CRLF. */
  end(): Buffer {
    if (this.#state === LINE_START) return NOTHING
    return this.#state === AFTER_CR ? ONE_LF : CRLF
  }
}

/** Writes message data for DATA: newlines are mended, and dots at the start of lines doubled. */
// RFC 5321 §4.5.2
export class DotStuffer {
  readonly #mender = new NewlineMender(true)

  /** The octets to send for this chunk: the chunk itself where nothing had to be put in. */
  write(chunk: Buffer): Buffer {
    return this.#mender.write(chunk)
  }

  /** What ends the message: the CRLF of its last line, if it has none, and the dot. */
  // RFC 5321 §4.1.1.4
  end(): Buffer {
    return Buffer.concat([this.#mender.end(), END])
  }
}

/** A message that is at hand in its framing, to the final dot. */
export function stuffedWhole(content: Buffer): Buffer {
  const stuffer = new DotStuffer()
  return Buffer.concat([stuffer.write(content), stuffer.end()])
}

/** The message in its framing, to the final dot. */
export async function* dotStuffed(source: AsyncIterable<Uint8Array>): AsyncIterable<Buffer> {
  const stuffer = new DotStuffer()
  for await (const bytes of source) {
    yield stuffer.write(
      Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    )
  }
  yield stuffer.end()
}
