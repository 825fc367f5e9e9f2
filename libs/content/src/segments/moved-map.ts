import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import { ContentStoreError, type LogPosition } from '../ports.ts'
import type { FileSystem } from './file-system.ts'

/*
 * `<number>.moved` tells where the frames of a segment that is gone stand now: magic "CMOVED01", a CRC-32 of the rest,
 * then (offset, segment, offset) ascending by the first. It is complete and synced before the segment is unlinked.
 */
const MAGIC = Buffer.from('CMOVED01')
const HEADER = 12
const ENTRY = 12
/** Maps that stay in memory; a map has at most some ten thousand entries of 12 octets. */
const MAX_CACHED = 16

/** Where frames stand now, by their first offset in the segment. */
export type Moves = ReadonlyMap<number, LogPosition>

export class MovedMaps {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  /** Most recently used last. */
  readonly #cache = new Map<number, Moves>()
  readonly #known: Set<number>

  constructor(fileSystem: FileSystem, directory: string, files: readonly string[]) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#known = new Set(files.flatMap((file) => /^(\d+)\.moved$/.exec(file)?.[1] ?? []).map(Number))
  }

  /** Segments of which something was moved, as of now. */
  get segments(): readonly number[] {
    return [...this.#known]
  }

  async find(home: LogPosition): Promise<LogPosition | undefined> {
    return (await this.of(home.segment)).get(home.offset)
  }

  async of(segment: number): Promise<Moves> {
    if (!this.#known.has(segment)) return new Map()
    const moves = this.#cache.get(segment) ?? (await this.#load(segment))
    this.#cache.delete(segment)
    this.#cache.set(segment, moves)
    if (this.#cache.size > MAX_CACHED) this.#cache.delete(this.#cache.keys().next().value ?? segment)
    return moves
  }

  /** Replaces the map of a segment; durable. An empty one is removed. */
  async store(segment: number, moves: Moves): Promise<void> {
    const path = this.#path(segment)
    if (moves.size === 0) await this.#fileSystem.unlink(path)
    else await this.#write(path, encode(moves))
    await this.#fileSystem.syncDirectory(this.#directory)
    this.#cache.delete(segment)
    if (moves.size === 0) this.#known.delete(segment)
    else this.#known.add(segment)
  }

  async #write(path: string, octets: Buffer): Promise<void> {
    const draft = `${path}.new`
    const file = await this.#fileSystem.create(draft)
    try {
      await file.write(octets, 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#fileSystem.rename(draft, path)
  }

  async #load(segment: number): Promise<Moves> {
    const path = this.#path(segment)
    const file = await this.#fileSystem.open(path, 'read')
    try {
      const octets = Buffer.alloc(await file.size())
      await file.read(octets, 0)
      return decode(octets, path)
    } finally {
      await file.close()
    }
  }

  #path(segment: number): string {
    return join(this.#directory, `${String(segment).padStart(8, '0')}.moved`)
  }
}

function encode(moves: Moves): Buffer {
  const octets = Buffer.alloc(HEADER + moves.size * ENTRY)
  const entries = [...moves].toSorted(([a], [b]) => a - b)
  for (const [index, [offset, to]] of entries.entries()) {
    octets.writeUInt32LE(offset, HEADER + index * ENTRY)
    octets.writeUInt32LE(to.segment, HEADER + index * ENTRY + 4)
    octets.writeUInt32LE(to.offset, HEADER + index * ENTRY + 8)
  }
  MAGIC.copy(octets)
  octets.writeUInt32LE(crc32(octets.subarray(HEADER)), 8)
  return octets
}

function decode(octets: Buffer, path: string): Moves {
  const isSound =
    octets.length >= HEADER &&
    octets.subarray(0, 8).equals(MAGIC) &&
    octets.readUInt32LE(8) === crc32(octets.subarray(HEADER))
  if (!isSound) throw new ContentStoreError('io', `${path} is damaged`)
  const moves = new Map<number, LogPosition>()
  for (let at = HEADER; at < octets.length; at += ENTRY) {
    moves.set(octets.readUInt32LE(at), {
      segment: octets.readUInt32LE(at + 4),
      offset: octets.readUInt32LE(at + 8),
    })
  }
  return moves
}
