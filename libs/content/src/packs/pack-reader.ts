import { crc32 } from 'node:zlib'

import { clip, PIECE_OCTETS } from '../octet-range.ts'
import { ContentStoreError, type ContentId, type OctetRange } from '../ports.ts'
import {
  parseName,
  partName,
  remnantName,
  type ContentName,
  type PackedName,
  type PartedName,
} from './content-name.ts'
import { BLOCK_OCTETS, type PackCache } from './pack-cache.ts'
import { PART_TRAILER } from './pack-draft.ts'
import { decodeIndex, indexLength } from './remnant.ts'

/** How many packs are known by heart that were made smaller, so that not every read asks for what is gone. */
export const KNOWN_REMNANTS = 1_000

/** Finds contents in packs and parts. What is read as a whole is checked before anybody gets it. */
export class PackReader {
  readonly #cache: PackCache
  readonly #remnants = new Set<string>()

  constructor(cache: PackCache) {
    this.#cache = cache
  }

  nameOf(id: ContentId): ContentName {
    const name = parseName(id)
    if (name === undefined) throw new ContentStoreError('missing', `there is no content ${id}`)
    return name
  }

  async read(id: ContentId, range?: OctetRange): Promise<Buffer> {
    const name = this.nameOf(id)
    const wanted = clip(range, name.size)
    // A copy, since a few octets would keep their whole pack in memory.
    if (name.kind === 'packed') return Buffer.from(await this.#packed(name, wanted))
    const parts: Buffer[] = []
    for await (const part of this.#parted(name, wanted)) parts.push(part)
    return Buffer.concat(parts)
  }

  async *get(id: ContentId, range?: OctetRange): AsyncIterable<Buffer> {
    const name = this.nameOf(id)
    const wanted = clip(range, name.size)
    if (name.kind === 'packed') yield* pieces(await this.#packed(name, wanted))
    else for await (const octets of this.#parted(name, wanted)) yield* pieces(octets)
  }

  async #packed(name: PackedName, { start, end }: OctetRange): Promise<Buffer> {
    if (start === end && start > 0) return Buffer.alloc(0)
    const isWhole = (start === 0 && end === name.size) || name.size <= BLOCK_OCTETS
    if (!isWhole) return checkLength(await this.#find(name, { start, end }), end - start, name)
    let octets = await this.#find(name, { start: 0, end: name.size })
    if (!isIntact(octets, name)) {
      this.#forget(name.pack)
      octets = await this.#find(name, { start: 0, end: name.size })
    }
    if (!isIntact(octets, name)) throw damage(formatWords(name))
    return octets.subarray(start, end)
  }

  /** In its pack, or in what is left of it. */
  async #find(name: PackedName, { start, end }: OctetRange): Promise<Buffer> {
    const { pack, offset } = name
    if (!this.#remnants.has(pack)) {
      // An empty content stands somewhere, too: its pack tells whether it is there.
      const octets = await this.#cache.read(pack, offset + start, Math.max(offset + end, 1))
      if (octets !== undefined) return octets.subarray(0, end - start)
    }
    const place = await this.#placeInRemnant(name)
    const octets = await this.#cache.read(remnantName(pack), place + start, place + end)
    if (octets === undefined) throw missing(name)
    return octets
  }

  async #placeInRemnant(name: PackedName): Promise<number> {
    const remnant = remnantName(name.pack)
    const first = await this.#cache.read(remnant, 0, BLOCK_OCTETS)
    if (first === undefined) {
      this.#remnants.delete(name.pack)
      throw missing(name)
    }
    const head = (await this.#cache.read(remnant, 0, indexLength(first))) ?? first
    const index = decodeIndex(head)
    if (index === undefined) throw damage(`what is left of pack ${name.pack}`)
    const found = index.get(name.offset)
    if (found === undefined || found.size !== name.size) throw missing(name)
    if (this.#remnants.size >= KNOWN_REMNANTS) this.#remnants.clear()
    this.#remnants.add(name.pack)
    return found.place
  }

  async *#parted(name: PartedName, { start, end }: OctetRange): AsyncIterable<Buffer> {
    const { part, size } = name
    for (let at = start; at < end;) {
      const number = Math.floor(at / part)
      const length = Math.min(part, size - number * part)
      const from = at - number * part
      const to = Math.min(end - number * part, length)
      yield await this.#part(name, { number, length, start: from, end: to })
      at = number * part + to
    }
  }

  /** Parts are large: they do not go through the cache. */
  async #part(name: PartedName, wanted: OctetRange & { number: number; length: number }): Promise<Buffer> {
    const { number, length, start, end } = wanted
    const object = partName(name.pack, number)
    const isWhole = start === 0 && end === length
    const found = await this.#cache.readPast(object, { start, end: isWhole ? end + PART_TRAILER : end })
    if (found === undefined) throw missing(name)
    const octets = checkLength(found.subarray(0, end - start), end - start, name)
    if (isWhole && (found.length < length + PART_TRAILER || crc32(octets) !== found.readUInt32LE(length))) {
      throw damage(formatWords(name))
    }
    return octets
  }

  #forget(pack: string): void {
    this.#cache.forget(pack)
    this.#cache.forget(remnantName(pack))
    this.#remnants.delete(pack)
  }
}

function* pieces(octets: Buffer): Iterable<Buffer> {
  for (let start = 0; start < octets.length; start += PIECE_OCTETS) {
    yield octets.subarray(start, start + PIECE_OCTETS)
  }
}

/** Whether these are the octets that the id names. */
export function isIntact(octets: Buffer, { size, checksum }: PackedName): boolean {
  return octets.length === size && crc32(octets) === checksum
}

function checkLength(octets: Buffer, length: number, name: ContentName): Buffer {
  if (octets.length !== length) throw damage(formatWords(name))
  return octets
}

function formatWords({ pack, size }: ContentName): string {
  return `a content of ${size} octets in pack ${pack}`
}

function damage(what: string): ContentStoreError {
  return new ContentStoreError('io', `${what} is damaged`)
}

function missing(name: ContentName): ContentStoreError {
  return new ContentStoreError('missing', `${formatWords(name)} is not there`)
}
