import type { TransferDecoder } from './transfer-decoder.ts'

const NO_DIGIT = 64

// RFC 4648 §4
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const DIGITS = new Uint8Array(256).fill(NO_DIGIT)
for (let value = 0; value < ALPHABET.length; value++) DIGITS[ALPHABET.charCodeAt(value)] = value

const PADDING = 0x3d

/** RFC 2045 §6.8: octets outside the alphabet are ignored; padding ends a quantum, and what follows starts a new one. */
export class Base64Decoder implements TransferDecoder {
  #bits = 0
  #value = 0

  write(chunk: Buffer): Buffer {
    const decoded = Buffer.allocUnsafe(Math.ceil(chunk.length / 4) * 3)
    let length = 0
    for (const octet of chunk) {
      const digit = DIGITS[octet]!
      if (digit === NO_DIGIT) {
        if (octet === PADDING) this.#bits = 0
        continue
      }
      this.#value = ((this.#value << 6) | digit) & 0xffff
      this.#bits += 6
      if (this.#bits < 8) continue
      this.#bits -= 8
      decoded[length++] = this.#value >> this.#bits
    }
    return decoded.subarray(0, length)
  }

  end(): Buffer {
    this.#bits = 0
    return Buffer.alloc(0)
  }
}
