import { eachKey } from '../event-keys.ts'
import type { JourneyEvent } from '../ports.ts'
import { formatIndex } from './index-format.ts'
import { keyHash } from './key-hash.ts'

/** Where the keys of a segment occur that is still written to, and how its index file is made. */
export class IndexBuilder {
  #hashes = new Uint32Array(1_024)
  #offsets = new Uint32Array(1_024)
  #entries = 0
  events = 0
  /** Milliseconds since the epoch, of the earliest and the latest event. */
  firstAt: number = Number.POSITIVE_INFINITY
  lastAt: number = Number.NEGATIVE_INFINITY

  /** @param offset where the event's line begins */
  add(event: JourneyEvent, offset: number): void {
    this.events++
    this.firstAt = Math.min(this.firstAt, event.at)
    this.lastAt = Math.max(this.lastAt, event.at)
    eachKey(event, (key) => this.addEntry(keyHash(key), offset))
  }

  addEntry(hash: number, offset: number): void {
    if (this.#entries === this.#hashes.length) this.#grow()
    this.#hashes[this.#entries] = hash
    this.#offsets[this.#entries++] = offset
  }

  /** Offsets of lines that may have the key, ascending, without repetition. */
  offsetsOf(hash: number): readonly number[] {
    const found = new Set<number>()
    const hashes = this.#hashes.subarray(0, this.#entries)
    for (let at = hashes.indexOf(hash); at !== -1; at = hashes.indexOf(hash, at + 1))
      found.add(this.#offsets[at]!)
    return [...found].toSorted((a, b) => a - b)
  }

  /** @param octets length of the segment */
  toFile(octets: number): Buffer {
    const { events, firstAt, lastAt } = this
    return formatIndex({
      octets,
      events,
      firstAt,
      lastAt,
      hashes: this.#hashes.subarray(0, this.#entries),
      offsets: this.#offsets.subarray(0, this.#entries),
    })
  }

  #grow(): void {
    this.#hashes = twiceAsLong(this.#hashes)
    this.#offsets = twiceAsLong(this.#offsets)
  }
}

function twiceAsLong(old: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(old.length * 2)
  grown.set(old)
  return grown
}
