/** Octets gathered from chunks, up to a limit; what comes beyond is counted and dropped. */
export class KeptOctets {
  #bytes: Buffer = Buffer.alloc(0)
  #kept = 0
  #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Starts over with another limit. The memory is given back, so that views stay as they are. */
  reset(limit: number): void {
    this.#bytes = Buffer.alloc(0)
    this.#kept = 0
    this.#limit = limit
  }

  append(chunk: Buffer, from: number, to: number): void {
    const wanted = Math.min(to - from, this.#limit - this.#kept)
    if (wanted <= 0) return
    if (this.#kept + wanted > this.#bytes.length) this.#grow(this.#kept + wanted)
    chunk.copy(this.#bytes, this.#kept, from, from + wanted)
    this.#kept += wanted
  }

  /** A view of the first `length` octets, or of as many as were kept. */
  first(length: number): Buffer {
    return this.#bytes.subarray(0, Math.min(length, this.#kept))
  }

  #grow(needed: number): void {
    const bytes = Buffer.allocUnsafe(Math.min(this.#limit, Math.max(needed, 2 * this.#bytes.length, 1_024)))
    this.#bytes.copy(bytes, 0, 0, this.#kept)
    this.#bytes = bytes
  }
}
