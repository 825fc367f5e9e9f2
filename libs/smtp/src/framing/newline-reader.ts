import { textEnd, wordsOf } from './text-runs.ts'

const CR = 0x0d
const LF = 0x0a
const ONE_LF = Buffer.from('\n')

/**
 * Looks through octets that have no framing for what no text may have: a CR or LF on its own, and NUL. Chunks may be cut
 * between CR and LF. It holds nothing.
 */
// RFC 5321 §2.3.8
export class NewlineReader {
  sawBareNewline = false
  sawNul = false
  readonly #clean: boolean
  #afterCr = false

  /** @param clean make CRLF of what stands on its own */
  constructor(clean: boolean) {
    this.#clean = clean
  }

  /** The chunk itself, unless something in it was cleaned. */
  read(chunk: Buffer): Buffer {
    const begunAfterCr = this.#afterCr
    return this.#scan(chunk) && this.#clean ? rewrite(chunk, begunAfterCr) : chunk
  }

  /** Nothing more comes: a CR that still waits for its LF stands on its own. Returns what has to follow it. */
  end(): Buffer | undefined {
    if (!this.#afterCr) return undefined
    this.#afterCr = false
    this.sawBareNewline = true
    return this.#clean ? ONE_LF : undefined
  }

  #scan(chunk: Buffer): boolean {
    const end = chunk.length
    const words = wordsOf(chunk)
    let afterCr = this.#afterCr
    let bare = false
    let i = 0
    while (i < end) {
      const octet = chunk[i++]!
      if (octet === LF) {
        bare ||= !afterCr
        afterCr = false
        continue
      }
      bare ||= afterCr
      afterCr = octet === CR
      if (octet === 0) this.sawNul = true
      else if (octet > CR) i = textEnd(chunk, words, i)
    }
    this.#afterCr = afterCr
    this.sawBareNewline ||= bare
    return bare
  }
}

/** Makes CRLF of each CR and LF on its own. A CR at the end is left for the next chunk to complete. */
function rewrite(chunk: Buffer, begunAfterCr: boolean): Buffer {
  const cleaned = Buffer.allocUnsafe(chunk.length * 2 + 1)
  let afterCr = begunAfterCr
  let length = 0
  for (const octet of chunk) {
    if (octet === LF ? !afterCr : afterCr) cleaned[length++] = octet === LF ? CR : LF
    cleaned[length++] = octet
    afterCr = octet === CR
  }
  return cleaned.subarray(0, length)
}
