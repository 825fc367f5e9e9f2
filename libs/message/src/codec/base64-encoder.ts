import type { TransferEncoder } from './transfer-encoder.ts'

/** RFC 2045 §6.8: a line has at most 76 characters, which are 57 octets. */
const LINE_OCTETS = 57
const LINE_LENGTH = 76

/** RFC 2045 §6.8. Line ends stand between lines and not behind the last one: that one belongs to the delimiter. */
export class Base64Encoder implements TransferEncoder {
  readonly #held = Buffer.allocUnsafe(LINE_OCTETS)
  #heldLength = 0
  #isFirstLine = true
  #encoded: Buffer = Buffer.alloc(0)
  #length = 0

  write(chunk: Buffer): Buffer {
    const lines = Math.floor((this.#heldLength + chunk.length) / LINE_OCTETS)
    this.#encoded = Buffer.allocUnsafe(lines * (LINE_LENGTH + 2))
    this.#length = 0
    let at = 0
    if (this.#heldLength > 0) {
      at = chunk.copy(this.#held, this.#heldLength, 0, LINE_OCTETS - this.#heldLength)
      this.#heldLength += at
      if (this.#heldLength < LINE_OCTETS) return this.#encoded
      this.#line(this.#held, 0)
    }
    for (; at + LINE_OCTETS <= chunk.length; at += LINE_OCTETS) this.#line(chunk, at)
    this.#heldLength = chunk.copy(this.#held, 0, at)
    return this.#encoded.subarray(0, this.#length)
  }

  end(): Buffer {
    const rest = this.#held.toString('base64', 0, this.#heldLength)
    this.#heldLength = 0
    return Buffer.from(rest === '' || this.#isFirstLine ? rest : `\r\n${rest}`)
  }

  #line(bytes: Buffer, start: number): void {
    if (!this.#isFirstLine) this.#length += this.#encoded.write('\r\n', this.#length, 'latin1')
    this.#isFirstLine = false
    const line = bytes.toString('base64', start, start + LINE_OCTETS)
    this.#length += this.#encoded.write(line, this.#length, 'latin1')
  }
}
