import { CR, EQUALS, isWsp, LF, SPACE } from '../octets.ts'
import { hexDigit } from './hex-digit.ts'
import type { TransferDecoder } from './transfer-decoder.ts'

/** RFC 2045 §6.7: encoded lines have 76 octets. White space beyond this many is passed on and not held back. */
export const MOST_HELD_OCTETS = 1_000

/**
 * RFC 2045 §6.7. Soft line breaks go, white space before a line end goes (rule 3), and an equals sign that begins no escape
 * stands for itself. Held back is only what cannot be told yet: the start of an escape, or white space that a line end may follow.
 */
export class QuotedPrintableDecoder implements TransferDecoder {
  readonly #held = Buffer.allocUnsafe(MOST_HELD_OCTETS)
  #heldLength = 0
  #decoded: Buffer = Buffer.alloc(0)
  #length = 0

  write(chunk: Buffer): Buffer {
    this.#decoded = Buffer.allocUnsafe(chunk.length + this.#heldLength)
    this.#length = 0
    for (const octet of chunk) {
      if (this.#heldLength === 0 && octet > SPACE && octet !== EQUALS) this.#decoded[this.#length++] = octet
      else this.#take(octet)
    }
    return this.#decoded.subarray(0, this.#length)
  }

  end(): Buffer {
    this.#decoded = Buffer.allocUnsafe(this.#heldLength)
    this.#length = 0
    // The end of the text is the end of a line: white space and a lone "=" before it are no part of the text.
    if (this.#heldLength > 1 && hexDigit(this.#held[1]) !== -1) this.#release()
    this.#heldLength = 0
    return this.#decoded.subarray(0, this.#length)
  }

  #take(octet: number): void {
    if (this.#heldLength === MOST_HELD_OCTETS) this.#release()
    if (this.#heldLength === 0) this.#begin(octet)
    else if (this.#held[0] === EQUALS) this.#continueEscape(octet)
    else this.#continueSpace(octet)
  }

  #begin(octet: number): void {
    if (octet === EQUALS || isWsp(octet)) this.#hold(octet)
    else this.#decoded[this.#length++] = octet
  }

  /** Held is `=`, `=` and one digit, or `=` and white space. */
  #continueEscape(octet: number): void {
    const first = this.#heldLength > 1 ? hexDigit(this.#held[1]) : -1
    const digit = hexDigit(octet)
    if (first !== -1 && digit !== -1) this.#replaceHeld((first << 4) | digit)
    else if (first === -1 && this.#heldLength === 1 && digit !== -1) this.#hold(octet)
    else if (first === -1 && octet === LF) this.#heldLength = 0
    else if (first === -1 && this.#mayPrecedeLineEnd(octet)) this.#hold(octet)
    else this.#releaseBefore(octet)
  }

  /** Held is white space, and perhaps a CR. */
  #continueSpace(octet: number): void {
    if (octet === LF) {
      const hasCr = this.#held[this.#heldLength - 1] === CR
      this.#heldLength = 0
      if (hasCr) this.#decoded[this.#length++] = CR
      this.#decoded[this.#length++] = LF
    } else if (this.#mayPrecedeLineEnd(octet)) this.#hold(octet)
    else this.#releaseBefore(octet)
  }

  #mayPrecedeLineEnd(octet: number): boolean {
    return this.#held[this.#heldLength - 1] !== CR && (isWsp(octet) || octet === CR)
  }

  #hold(octet: number): void {
    this.#held[this.#heldLength++] = octet
  }

  #replaceHeld(octet: number): void {
    this.#heldLength = 0
    this.#decoded[this.#length++] = octet
  }

  #releaseBefore(octet: number): void {
    this.#release()
    this.#begin(octet)
  }

  /** What was held stands for itself. */
  #release(): void {
    this.#length += this.#held.copy(this.#decoded, this.#length, 0, this.#heldLength)
    this.#heldLength = 0
  }
}
