import { octetClass } from '@cartero/wire'
import { CR, DASH, EQUALS, isWsp, LF } from '../octets.ts'
import type { TransferEncoder } from './transfer-encoder.ts'

/** RFC 2045 §6.7 rule 5: 76 characters, of which a soft line break needs one. */
const LINE_LENGTH = 75

// RFC 2045 §6.7 rule 2, without white space, which depends on what follows it.
const LITERAL = octetClass('', ['!', '<'], ['>', '~'])
const HEX = Buffer.from('0123456789ABCDEF')

/**
 * RFC 2045 §6.7. A CRLF is a line break; a CR or LF that stands alone is an octet as any other, so that the decoder gives back
 * exactly what was written. Held back are white space, which a line end may follow, and a CR.
 */
export class QuotedPrintableEncoder implements TransferEncoder {
  #encoded: Buffer = Buffer.alloc(0)
  #length = 0
  #column = 0
  /** White space before the next octet, or -1. */
  #space = -1
  #carriageReturn = false

  write(chunk: Buffer): Buffer {
    // Three octets each, a soft break at every seventieth column, and what was held.
    this.#begin(4 * chunk.length + 16)
    for (const octet of chunk) {
      const isPlain = LITERAL[octet] === 1 && this.#column > 0 && this.#column < LINE_LENGTH
      if (isPlain && this.#space === -1 && !this.#carriageReturn) {
        this.#encoded[this.#length++] = octet
        this.#column++
      } else this.#take(octet)
    }
    return this.#encoded.subarray(0, this.#length)
  }

  end(): Buffer {
    this.#begin(16)
    if (this.#space !== -1 && this.#carriageReturn) this.#releaseSpace()
    // Rule 3: white space never ends a line.
    if (this.#space !== -1) this.#escape(this.#space)
    if (this.#carriageReturn) this.#escape(CR)
    this.#space = -1
    this.#carriageReturn = false
    return this.#encoded.subarray(0, this.#length)
  }

  /** Nothing stands in the present line yet. */
  get atLineStart(): boolean {
    return this.#column === 0
  }

  #begin(octets: number): void {
    this.#encoded = Buffer.allocUnsafe(octets)
    this.#length = 0
  }

  #take(octet: number): void {
    if (octet === LF && this.#carriageReturn) {
      this.#lineBreak()
      return
    }
    if (this.#carriageReturn) {
      this.#releaseSpace()
      this.#escape(CR)
      this.#carriageReturn = false
    }
    if (octet === CR) {
      this.#carriageReturn = true
      return
    }
    this.#releaseSpace()
    if (isWsp(octet)) this.#space = octet
    // A line that begins with a dash could be taken for a delimiter, above all one that a soft break made.
    else if (LITERAL[octet] === 1 && !(octet === DASH && this.#column === 0)) this.#literal(octet)
    else this.#escape(octet)
  }

  #lineBreak(): void {
    if (this.#space !== -1) this.#escape(this.#space)
    this.#space = -1
    this.#carriageReturn = false
    this.#length += this.#encoded.write('\r\n', this.#length, 'latin1')
    this.#column = 0
  }

  #releaseSpace(): void {
    if (this.#space !== -1) this.#literal(this.#space)
    this.#space = -1
  }

  #literal(octet: number): void {
    if (this.#column + 1 > LINE_LENGTH) this.#softBreak()
    if (octet === DASH && this.#column === 0) {
      this.#escape(octet)
      return
    }
    this.#encoded[this.#length++] = octet
    this.#column++
  }

  #escape(octet: number): void {
    if (this.#column + 3 > LINE_LENGTH) this.#softBreak()
    this.#encoded[this.#length++] = EQUALS
    this.#encoded[this.#length++] = HEX[octet >> 4]!
    this.#encoded[this.#length++] = HEX[octet & 0x0f]!
    this.#column += 3
  }

  #softBreak(): void {
    this.#length += this.#encoded.write('=\r\n', this.#length, 'latin1')
    this.#column = 0
  }
}
