/** Octets of what was written last that stay in memory: delivery follows acceptance within milliseconds. */
export const RECENT_OCTETS = 8 * 1024 * 1024

interface Block {
  readonly segment: number
  /** Where it stands in the segment. */
  readonly offset: number
  /** Where it stands in the arena. */
  readonly at: number
  readonly length: number
}

/** A ring in which batches are put together, and from which they can be read back until it comes round again. */
export class RecentWrites {
  readonly #arena = Buffer.allocUnsafeSlow(RECENT_OCTETS)
  /** In log order, which is also the order of the ring. */
  #blocks: Block[] = []
  #head = 0

  /** Room for a batch; what stood there before is forgotten. */
  claim(length: number): Buffer {
    if (this.#head + length > RECENT_OCTETS) {
      this.#forget(this.#head, RECENT_OCTETS)
      this.#head = 0
    }
    this.#forget(this.#head, this.#head + length)
    const room = this.#arena.subarray(this.#head, this.#head + length)
    this.#head += length
    return room
  }

  /** What was claimed last has been written there. */
  remember(segment: number, offset: number, length: number): void {
    this.#blocks.push({ segment, offset, at: this.#head - length, length })
  }

  /** A copy, since the ring moves on. Undefined when it is not (or not wholly) here. */
  find(segment: number, offset: number, length: number): Buffer | undefined {
    const block = this.#last(segment, offset)
    if (block === undefined || block.segment !== segment) return undefined
    const start = offset - block.offset
    if (start + length > block.length) return undefined
    return Buffer.from(this.#arena.subarray(block.at + start, block.at + start + length))
  }

  /** The last block that begins at or before the position. */
  #last(segment: number, offset: number): Block | undefined {
    let [low, high] = [0, this.#blocks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      const block = this.#blocks[middle]
      if (block === undefined) break
      const isAfter = block.segment > segment || (block.segment === segment && block.offset > offset)
      if (isAfter) high = middle
      else low = middle + 1
    }
    return this.#blocks[low - 1]
  }

  /** The oldest blocks stand first where the head comes along. */
  #forget(start: number, end: number): void {
    const kept = this.#blocks.findIndex((block) => block.at >= end || block.at + block.length <= start)
    if (kept > 0) this.#blocks = this.#blocks.slice(kept)
    else if (kept < 0) this.#blocks = []
  }
}
