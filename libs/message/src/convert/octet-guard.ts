import type { TransferEncoder } from '../codec/transfer-encoder.ts'
import { CR, DASH, LF } from '../octets.ts'
import type { Hop } from './hop.ts'

const SUBSTITUTE = 0x3f

/** RFC 5322 §2.1.1: 998 octets, some of them spared. */
const LINE_LENGTH = 990

/**
 * Passes on what the hop carries, and tells of each octet that it does not: `refuse` may throw, or let it be replaced
 * by `?`. Long lines are left as they are, unless nobody minds that they are broken.
 */
export class OctetGuard implements TransferEncoder {
  readonly #highest: number
  readonly #refuse: () => void
  readonly #longestLine: number
  #column = 0
  #carriageReturn = false
  #passed: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(hop: Hop, refuse: () => void, longLines: 'leave' | 'break' = 'leave') {
    this.#highest = hop === '7bit' ? 0x7f : 0xff
    this.#refuse = refuse
    this.#longestLine = longLines === 'leave' ? Number.POSITIVE_INFINITY : LINE_LENGTH
  }

  write(chunk: Buffer): Buffer {
    this.#passed = Buffer.allocUnsafe(4 * chunk.length + 4)
    this.#length = 0
    for (const octet of chunk) {
      if (octet === LF) this.#lineEnd()
      else {
        if (this.#carriageReturn) this.#substitute()
        this.#carriageReturn = octet === CR
        if (octet === CR) continue
        if (octet === 0 || octet > this.#highest) this.#substitute()
        else this.#octet(octet)
      }
    }
    return this.#passed.subarray(0, this.#length)
  }

  end(): Buffer {
    this.#passed = Buffer.allocUnsafe(4)
    this.#length = 0
    if (this.#carriageReturn) this.#substitute()
    this.#carriageReturn = false
    return this.#passed.subarray(0, this.#length)
  }

  #lineEnd(): void {
    if (!this.#carriageReturn) this.#refuse()
    this.#carriageReturn = false
    this.#lineBreak()
  }

  #lineBreak(): void {
    this.#passed[this.#length++] = CR
    this.#passed[this.#length++] = LF
    this.#column = 0
  }

  #substitute(): void {
    this.#refuse()
    this.#octet(SUBSTITUTE)
  }

  #octet(octet: number): void {
    const isBroken = this.#column === this.#longestLine
    if (isBroken) this.#lineBreak()
    // A line that begins where none began must not look like a delimiter.
    this.#passed[this.#length++] = isBroken && octet === DASH ? SUBSTITUTE : octet
    this.#column++
  }
}
