import { CR, DASH, LF, SPACE, TAB } from '../octets.ts'
import type { TransferEncoder } from './transfer-encoder.ts'

/** RFC 5322 §2.1.1: 998 octets, some of them spared. */
const LINE_LENGTH = 990

/**
 * Makes base64 fit for transport without touching what it says: what is no printable ASCII goes, since decoders ignore it
 * (RFC 2045 §6.8), and lines without end are broken. What is well-formed passes as it is.
 */
export class Base64Mender implements TransferEncoder {
  #column = 0

  write(chunk: Buffer): Buffer {
    const mended = Buffer.allocUnsafe(2 * chunk.length + 2)
    let length = 0
    for (const octet of chunk) {
      if (octet === LF) {
        mended[length++] = CR
        mended[length++] = LF
        this.#column = 0
      } else if (octet > SPACE && octet < 0x7f ? !(octet === DASH && this.#column === 0) : isBlank(octet)) {
        if (this.#column === LINE_LENGTH) {
          mended[length++] = CR
          mended[length++] = LF
          this.#column = 0
          if (octet === DASH) continue
        }
        mended[length++] = octet
        this.#column++
      }
    }
    return mended.subarray(0, length)
  }

  end(): Buffer {
    return Buffer.alloc(0)
  }
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB
}
