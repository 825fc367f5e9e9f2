import { crc32 } from 'node:zlib'

import { PIECE_OCTETS } from '../octet-range.ts'
import { ContentStoreError, type LogPosition, type OctetRange } from '../ports.ts'
import { decodeExtents, FRAME_HEADER, LENGTH_AT, readHeader, type Extent } from './frame.ts'
import type { MovedMaps } from './moved-map.ts'
import type { RecentWrites } from './recent-writes.ts'
import type { SegmentFiles } from './segment-files.ts'
import { asContentError } from './writer.ts'

/** Reads the octets of one frame, wherever it stands by now. */
export class FrameReader {
  readonly #files: SegmentFiles
  readonly #moved: MovedMaps
  readonly #recent: RecentWrites
  readonly #existing: ReadonlySet<number>

  constructor(files: SegmentFiles, moved: MovedMaps, recent: RecentWrites, existing: ReadonlySet<number>) {
    this.#files = files
    this.#moved = moved
    this.#recent = recent
    this.#existing = existing
  }

  /**
   * Octets `start` to `end` of a frame that has `length` of them, in one read. The whole of a frame is checked, a part
   * of it is not.
   */
  async read(home: LogPosition, length: number, range: OctetRange): Promise<Buffer> {
    const at = await this.#locate(home)
    const { start, end } = range
    const recent = this.#recent.find(at.segment, at.offset + FRAME_HEADER + start, end - start)
    if (recent !== undefined) return recent
    try {
      return start === 0 && end === length ? await this.#whole(at, length) : await this.#part(at, start, end)
    } catch (error) {
      // Moved between look-up and read.
      const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT' && !this.#existing.has(at.segment)
      if (!isGone) throw asContentError(error)
      return await this.read(home, length, range)
    }
  }

  /** In pieces. Checked as far as whole frames are asked for. */
  async *stream(home: LogPosition, length: number, range: OctetRange): AsyncIterable<Buffer> {
    if (range.start === range.end) return
    const octets = await this.read(home, length, range)
    for (let at = 0; at < octets.length; at += PIECE_OCTETS) yield octets.subarray(at, at + PIECE_OCTETS)
  }

  /** The list of chunks at `home`. */
  async extents(home: LogPosition): Promise<readonly Extent[]> {
    const at = await this.#locate(home)
    const header = await this.#part(at, -FRAME_HEADER, 0)
    const length = header.readUInt32LE(LENGTH_AT)
    return decodeExtents(await this.read(home, length, { start: 0, end: length }))
  }

  async #locate(home: LogPosition): Promise<LogPosition> {
    if (this.#existing.has(home.segment)) return home
    const position = await this.#moved.find(home)
    if (position === undefined) {
      throw new ContentStoreError('missing', `there is no content at ${home.segment}:${home.offset}`)
    }
    return position
  }

  #whole(at: LogPosition, length: number): Promise<Buffer> {
    return this.#files.reading(at.segment, async ({ file, salt }) => {
      const frame = Buffer.allocUnsafe(FRAME_HEADER + length)
      const count = await file.read(frame, at.offset)
      const header = readHeader(frame.subarray(0, count), 0, salt)
      const octets = frame.subarray(FRAME_HEADER, count)
      if (header?.length !== length || header.checksum !== crc32(octets)) throw damaged(at)
      return octets
    })
  }

  #part(at: LogPosition, start: number, end: number): Promise<Buffer> {
    return this.#files.reading(at.segment, async ({ file }) => {
      const octets = Buffer.allocUnsafe(end - start)
      const count = await file.read(octets, at.offset + FRAME_HEADER + start)
      if (count < octets.length) throw damaged(at)
      return octets
    })
  }
}

function damaged({ segment, offset }: LogPosition): ContentStoreError {
  return new ContentStoreError('io', `the frame at ${segment}:${offset} is damaged`)
}
