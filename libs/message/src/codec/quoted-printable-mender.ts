import { CR, DASH, EQUALS, LF } from '../octets.ts'
import type { TransferEncoder } from './transfer-encoder.ts'

/** RFC 5322 §2.1.1: 998 octets, of which an escape that must not be cut and a soft break may need six. */
const LINE_LENGTH = 990
const HEX = Buffer.from('0123456789ABCDEF')

/**
 * Makes quoted-printable fit for transport without touching what it says: octets that may not stand there are escaped, lines
 * without end are broken softly. What is well-formed passes as it is. A bare LF becomes a line break.
 */
export class QuotedPrintableMender implements TransferEncoder {
  #column = 0
  /** Octets since the last `=`; an escape is not cut. */
  #sinceEquals = 2
  #carriageReturn = false
  #afterSoftBreak = false
  #mended: Buffer = Buffer.alloc(0)
  #length = 0

  write(chunk: Buffer): Buffer {
    this.#mended = Buffer.allocUnsafe(4 * chunk.length + 16)
    this.#length = 0
    for (const octet of chunk) {
      if (octet === LF) this.#lineBreak()
      else {
        if (this.#carriageReturn) this.#escape(CR)
        this.#carriageReturn = octet === CR
        if (octet !== CR) this.#octet(octet)
      }
    }
    return this.#mended.subarray(0, this.#length)
  }

  end(): Buffer {
    this.#mended = Buffer.allocUnsafe(8)
    this.#length = 0
    if (this.#carriageReturn) this.#escape(CR)
    this.#carriageReturn = false
    return this.#mended.subarray(0, this.#length)
  }

  #lineBreak(): void {
    this.#carriageReturn = false
    this.#length += this.#mended.write('\r\n', this.#length, 'latin1')
    this.#column = 0
    this.#sinceEquals = 2
  }

  #octet(octet: number): void {
    const isSafe = octet < 0x7f && (octet >= 0x20 || octet === 0x09)
    if (!isSafe) this.#escape(octet)
    else {
      this.#breakLongLine(octet)
      if (octet === DASH && this.#column === 0 && this.#afterSoftBreak) this.#escape(octet)
      else this.#put(octet)
    }
  }

  #escape(octet: number): void {
    this.#breakLongLine(EQUALS)
    this.#put(EQUALS)
    this.#put(HEX[octet >> 4]!)
    this.#put(HEX[octet & 0x0f]!)
  }

  #put(octet: number): void {
    this.#mended[this.#length++] = octet
    this.#column++
    this.#sinceEquals = octet === EQUALS ? 0 : this.#sinceEquals + 1
    this.#afterSoftBreak = false
  }

  /** An escape is not cut; but before an equals sign, what looked like the start of one is none. */
  #breakLongLine(next: number): void {
    if (this.#column < LINE_LENGTH || (this.#sinceEquals < 2 && next !== EQUALS)) return
    this.#length += this.#mended.write('=\r\n', this.#length, 'latin1')
    this.#column = 0
    this.#afterSoftBreak = true
  }
}
