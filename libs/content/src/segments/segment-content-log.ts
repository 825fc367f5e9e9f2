import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { clip } from '../octet-range.ts'
import {
  ContentStoreError,
  type ContentDraft,
  type ContentId,
  type ContentLog,
  type LabelledContent,
  type LogPosition,
  type OctetRange,
  type Reclaimed,
  type ReferenceOwner,
} from '../ports.ts'
import { formatName, parseName, type ContentName } from './content-name.ts'
import { DiskReserve } from './disk-reserve.ts'
import type { FileSystem } from './file-system.ts'
import { decodeExtents, EXTENTS, frameSize } from './frame.ts'
import { FrameReader } from './frame-reader.ts'
import { FrameWalker, type Damage, type Frame } from './frame-walker.ts'
import { MarkFile } from './mark.ts'
import { MovedMaps } from './moved-map.ts'
import { nodeFileSystem } from './node-file-system.ts'
import { Reclaimer } from './reclaimer.ts'
import { resume } from './recovery.ts'
import { SegmentDraft, type DraftKeeper } from './segment-draft.ts'
import { SegmentFiles } from './segment-files.ts'
import { segmentNumbers } from './segment.ts'
import { asContentError, Writer, type WriterOptions } from './writer.ts'

export interface SegmentLogOptions {
  /** Made when absent. One process at a time; a lock file sees to it. */
  readonly directory: string
  /** Octets after which a new segment is begun. Default 64 MiB: large enough to be rare, small enough to be reclaimed. */
  readonly segmentOctets?: number
  /** Is told of octets that were durable once and are not readable now. By default a process warning. */
  readonly report?: (damage: Damage) => void
  readonly fileSystem?: FileSystem
  /** Octets of the disk that drafts leave free. Default RESERVE_OCTETS. */
  readonly reserveOctets?: number
}

export const DEFAULT_SEGMENT_OCTETS: number = 64 * 1024 * 1024
/** The mark is moved on after so many octets, so that a start after a crash reads no more than about that. */
const MARK_EVERY = 8 * 1024 * 1024

interface Parts {
  readonly writer: Writer
  readonly files: SegmentFiles
  readonly moved: MovedMaps
  readonly existing: Set<number>
  readonly markFile: MarkFile
  readonly unlock: () => Promise<void>
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly reserve: DiskReserve
  readonly report: (damage: Damage) => void
}

/** Content in an append-only log of segment files. See INTERNALS.md. */
export class SegmentContentLog implements ContentLog {
  readonly #writer: Writer
  readonly #reader: FrameReader
  readonly #reclaimer: Reclaimer
  readonly #files: SegmentFiles
  readonly #existing: Set<number>
  readonly #pinned = new Set<ContentId>()
  readonly #drafts = new Set<LogPosition>()
  readonly #keeper: DraftKeeper
  readonly #reserve: DiskReserve
  readonly #markFile: MarkFile
  readonly #report: (damage: Damage) => void
  readonly #unlock: () => Promise<void>
  #marked: LogPosition
  #labelsFrom: LogPosition = { segment: 0, offset: 0 }
  #reclaiming: Promise<Reclaimed> | undefined
  #closing: Promise<void> | undefined

  private constructor(parts: Parts) {
    const { writer, files, moved, existing } = parts
    this.#writer = writer
    this.#files = files
    this.#existing = existing
    this.#markFile = parts.markFile
    this.#unlock = parts.unlock
    this.#report = parts.report
    this.#marked = this.end
    this.#reserve = parts.reserve
    this.#reserve.onLow = () => void writer.trim().catch(() => {})
    this.#reader = new FrameReader(files, moved, writer.recent, existing)
    const labelsFrom = () => this.#labelsFrom
    this.#reclaimer = new Reclaimer({ ...parts, pinned: this.#pinned, drafts: this.#drafts, labelsFrom })
    this.#keeper = {
      writer,
      held: 0,
      check: () => {
        this.#checkOpen()
        this.#reserve.check()
      },
      spend: (octets) => this.#reserve.spend(octets),
      opened: (origin) => this.#drafts.add(origin),
      closed: (origin) => this.#drafts.delete(origin),
      committed: (id) => this.#pinned.add(id),
    }
  }

  /** Opens or creates the store. Rejects with a ContentStoreError in words for an operator. */
  static async open(options: SegmentLogOptions): Promise<SegmentContentLog> {
    const { directory, fileSystem = nodeFileSystem, report = warn } = options
    try {
      await fileSystem.makeDirectory(directory)
      const unlock = await fileSystem.lock(join(directory, 'lock'))
      try {
        return await SegmentContentLog.#recover({ ...options, fileSystem, report }, unlock)
      } catch (error) {
        await unlock()
        throw error
      }
    } catch (error) {
      throw asContentError(error)
    }
  }

  static async #recover(
    options: SegmentLogOptions & {
      readonly fileSystem: FileSystem
      readonly report: (damage: Damage) => void
    },
    unlock: () => Promise<void>,
  ): Promise<SegmentContentLog> {
    const { directory, fileSystem, report } = options
    const names = await fileSystem.list(directory)
    const markFile = await MarkFile.open(fileSystem, join(directory, 'mark'), names.includes('mark'))
    const existing = new Set(segmentNumbers(names))
    const freeOctets = async () => (await fileSystem.freeOctets?.(directory)) ?? Infinity
    const reserve = new DiskReserve(freeOctets, options.reserveOctets)
    await reserve.look()
    const writerOptions: WriterOptions = {
      fileSystem,
      directory,
      segmentOctets: options.segmentOctets ?? DEFAULT_SEGMENT_OCTETS,
      random: () => randomBytes(4).readUInt32LE(),
      opened: (number) => existing.add(number),
      isLow: () => reserve.isLow,
    }
    const segment = await resume({ ...writerOptions, report }, existing, await markFile.read())
    const writer = new Writer(writerOptions, segment)
    const files = new SegmentFiles(fileSystem, directory)
    const moved = new MovedMaps(fileSystem, directory, names)
    const parts = { writer, files, moved, existing, markFile, unlock, fileSystem, directory, reserve, report }
    const log = new SegmentContentLog(parts)
    await reserve.look()
    return log
  }

  begin(): ContentDraft {
    return new SegmentDraft(this.#keeper)
  }

  async *get(id: ContentId, range?: OctetRange): AsyncIterable<Buffer> {
    const name = nameOf(id)
    const { start, end } = clip(range, name.size)
    if (name.extents === undefined) return yield* this.#reader.stream(name.origin, name.size, { start, end })
    let at = 0
    for (const { length, ...home } of await this.#reader.extents(name.extents)) {
      const part = { start: Math.max(start - at, 0), end: Math.min(end - at, length) }
      if (part.start < part.end) yield* this.#reader.stream(home, length, part)
      at += length
    }
  }

  async read(id: ContentId, range?: OctetRange): Promise<Buffer> {
    const name = nameOf(id)
    const wanted = clip(range, name.size)
    if (name.extents === undefined) return await this.#reader.read(name.origin, name.size, wanted)
    const pieces: Buffer[] = []
    for await (const piece of this.get(id, wanted)) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** Costs no I/O: the id tells. */
  async size(id: ContentId): Promise<number> {
    return nameOf(id).size
  }

  unpin(id: ContentId): void {
    this.#pinned.delete(id)
  }

  async reclaim(owners: readonly ReferenceOwner[], signal: AbortSignal): Promise<Reclaimed> {
    // Not the keeper's check: on a full disk this is what helps.
    this.#checkOpen()
    if (this.#reclaiming !== undefined) return await this.#reclaiming
    this.#reclaiming = this.#reclaimer.run(owners, signal)
    try {
      return await this.#reclaiming
    } catch (error) {
      throw asContentError(error)
    } finally {
      this.#reclaiming = undefined
      // Whoever comes next is not to be refused for what is free again.
      await this.#reserve.look()
    }
  }

  whenLow(signal: AbortSignal): Promise<void> {
    return this.#reserve.whenLow(signal)
  }

  async *scan(from: LogPosition = { segment: 0, offset: 0 }): AsyncIterable<LabelledContent> {
    for (const number of [...this.#existing].toSorted((a, b) => a - b)) {
      const current = this.#writer.segment
      if (number < from.segment || number > current.number) continue
      const loan = await this.#files.acquire(number)
      try {
        const walker = new FrameWalker(loan.segment.file, loan.segment, {
          from: number === from.segment ? from.offset : 0,
          report: this.#report,
          ...(number === current.number && { to: current.end }),
        })
        for (let frame = await walker.next(); frame !== undefined; frame = await walker.next()) {
          if (frame.labelLength > 0) yield labelled(number, frame)
        }
      } finally {
        loan.release()
      }
    }
  }

  get end(): LogPosition {
    const { number, end } = this.#writer.segment
    return { segment: number, offset: end }
  }

  forgetLabelsBefore(position: LogPosition): void {
    this.#labelsFrom = position
    const { segment, offset } = this.end
    if (segment === this.#marked.segment && offset - this.#marked.offset < MARK_EVERY) return
    void this.#mark().catch(() => {})
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new ContentStoreError('io', 'the content store is closed')
  }

  /** Waits for commits that are under way. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#reclaiming?.catch(() => {})
    await this.#writer.close()
    await this.#mark().catch(() => {})
    await this.#markFile.close()
    this.#files.dropAll()
    await this.#unlock()
  }

  async #mark(): Promise<void> {
    const mark = this.#writer.mark
    this.#marked = mark
    await this.#markFile.write(mark)
  }
}

function nameOf(id: ContentId): ContentName {
  const name = parseName(id)
  if (name === undefined) throw new ContentStoreError('missing', `there is no content ${JSON.stringify(id)}`)
  return name
}

function labelled(segment: number, frame: Frame): LabelledContent {
  const position = { segment, offset: frame.offset }
  const next = { segment, offset: frame.offset + frameSize(frame) }
  const label = Buffer.from(frame.label)
  if (frame.kind !== EXTENTS) {
    return {
      id: formatName({ origin: position, size: frame.length }),
      size: frame.length,
      label,
      position,
      next,
    }
  }
  const size = decodeExtents(frame.octets).reduce((sum, extent) => sum + extent.length, 0)
  return { id: formatName({ origin: frame.origin, size, extents: position }), size, label, position, next }
}

function warn({ segment, from, to, reason }: Damage): void {
  process.emitWarning(`segment ${segment}, octets ${from} to ${to}: ${reason}`, 'ContentDamage')
}
