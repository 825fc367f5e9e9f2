import type { ObjectStore } from '../objects/ports.ts'
import type { OctetRange } from '../ports.ts'

/** Octets that are read together: what lies near was delivered together, and is read together. */
export const BLOCK_OCTETS = 128 * 1024

interface CachedPack {
  readonly blocks: Map<number, Buffer>
  octets: number
}

/** Reads objects in blocks, and keeps those that were written or read lately. */
export class PackCache {
  readonly #objects: ObjectStore
  readonly #limit: number
  /** The one that was used last stands last. */
  readonly #packs = new Map<string, CachedPack>()
  readonly #reading = new Map<string, Promise<Buffer | undefined>>()
  #octets = 0

  constructor(objects: ObjectStore, limit: number) {
    this.#objects = objects
    this.#limit = limit
  }

  /** The object has just been written. */
  keep(name: string, octets: Buffer): void {
    this.#keepFrom(name, 0, octets)
  }

  /** Octets from `start` on and before `end`, fewer at the end of the object; undefined when there is none. Not to be changed. */
  async read(name: string, start: number, end: number): Promise<Buffer | undefined> {
    const [first, last] = [Math.floor(start / BLOCK_OCTETS), Math.ceil(end / BLOCK_OCTETS) - 1]
    const found = this.#find(name, first, last)
    const octets = found ?? (await this.#fetchOnce(name, first, last))
    const base = first * BLOCK_OCTETS
    return octets?.subarray(Math.min(start - base, octets.length), Math.min(end - base, octets.length))
  }

  /** Not through the cache: for what is large. */
  readPast(name: string, range: OctetRange): Promise<Buffer | undefined> {
    return this.#objects.read(name, range)
  }

  /** It was deleted, or is damaged. */
  forget(name: string): void {
    this.#octets -= this.#packs.get(name)?.octets ?? 0
    this.#packs.delete(name)
  }

  #find(name: string, first: number, last: number): Buffer | undefined {
    const pack = this.#packs.get(name)
    if (pack === undefined) return undefined
    const blocks: Buffer[] = []
    for (let block = first; block <= last; block++) {
      const octets = pack.blocks.get(block)
      if (octets === undefined) return undefined
      blocks.push(octets)
    }
    this.#packs.delete(name)
    this.#packs.set(name, pack)
    return blocks.length === 1 ? blocks[0] : Buffer.concat(blocks)
  }

  /** Whoever asks for the same blocks meanwhile shares the request. */
  #fetchOnce(name: string, first: number, last: number): Promise<Buffer | undefined> {
    const key = `${name} ${first} ${last}`
    const running = this.#reading.get(key)
    if (running !== undefined) return running
    const reading = this.#fetch(name, first, last).finally(() => this.#reading.delete(key))
    this.#reading.set(key, reading)
    return reading
  }

  async #fetch(name: string, first: number, last: number): Promise<Buffer | undefined> {
    const base = first * BLOCK_OCTETS
    const octets = await this.#objects.read(name, { start: base, end: (last + 1) * BLOCK_OCTETS })
    if (octets !== undefined) this.#keepFrom(name, first, octets)
    return octets
  }

  #keepFrom(name: string, first: number, octets: Buffer): void {
    for (let start = 0; start < octets.length; start += BLOCK_OCTETS) {
      this.#add(name, first + start / BLOCK_OCTETS, octets.subarray(start, start + BLOCK_OCTETS))
    }
  }

  #add(name: string, block: number, octets: Buffer): void {
    const pack = this.#packs.get(name) ?? { blocks: new Map<number, Buffer>(), octets: 0 }
    const grown = octets.length - (pack.blocks.get(block)?.length ?? 0)
    pack.blocks.set(block, octets)
    pack.octets += grown
    this.#octets += grown
    this.#packs.delete(name)
    this.#packs.set(name, pack)
    for (const oldest of this.#packs.keys()) {
      if (this.#octets <= this.#limit) break
      this.forget(oldest)
    }
  }
}
