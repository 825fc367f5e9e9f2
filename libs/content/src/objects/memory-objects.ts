import { clip } from '../octet-range.ts'
import { ContentStoreError, type OctetRange } from '../ports.ts'
import type { ObjectStore, StoredObject } from './ports.ts'

/** So many names in a portion of a list. */
const PORTION = 1_000

/** Objects that are gone with the process. */
export class MemoryObjects implements ObjectStore {
  readonly #objects = new Map<string, Buffer>()
  #isClosed = false

  async put(name: string, octets: Buffer): Promise<void> {
    this.#check()
    this.#objects.set(name, Buffer.from(octets))
  }

  async read(name: string, range: OctetRange): Promise<Buffer | undefined> {
    this.#check()
    const octets = this.#objects.get(name)
    if (octets === undefined) return undefined
    const { start, end } = clip(range, octets.length)
    return octets.subarray(start, end)
  }

  async delete(name: string): Promise<void> {
    this.#check()
    this.#objects.delete(name)
  }

  async *list(signal: AbortSignal): AsyncIterable<readonly StoredObject[]> {
    const all = [...this.#objects].map(([name, { length }]) => ({ name, size: length }))
    all.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (let from = 0; from < all.length && !signal.aborted; from += PORTION) {
      this.#check()
      yield all.slice(from, from + PORTION)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #check(): void {
    if (this.#isClosed) throw new ContentStoreError('io', 'the object store is closed')
  }
}
