import { open, readFile, rm, writeFile, type FileHandle } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'

import type { JourneyEvent } from '../ports.ts'
import { IndexBuilder } from './index-builder.ts'
import { linesOf, parseLine } from './journal-line.ts'
import { PARSED_AT_ONCE } from './limits.ts'
import { headerOf, resumeIndex, SealedIndex } from './sealed-index.ts'

/** Octets read for one line; longer ones are read on. */
const LINE_READ = 2_048
/** Lines of a segment from which on it is read as a whole. */
const MANY_LINES = 16

export interface SegmentFile {
  readonly number: number
  readonly path: string
  readonly indexPath: string
}

/** What a segment needs that is not of this process's making: whether its index may be written, if it has to be made. */
export interface SegmentOptions {
  readonly octets: number
  readonly readOnly: boolean
}

/** A file of events, one to a line, and the index of the keys in it: in memory while it is written to, in a file afterwards. */
export class Segment {
  readonly file: SegmentFile
  readonly #readOnly: boolean
  /** Length of the whole lines. */
  octets: number
  indexOctets = 0
  /** Milliseconds since the epoch; known once the segment is. */
  firstAt: number | undefined
  lastAt: number | undefined
  #builder: IndexBuilder | undefined
  #sealed: SealedIndex | undefined
  #indexing: Promise<void> | undefined

  constructor(file: SegmentFile, { octets, readOnly }: SegmentOptions) {
    this.file = file
    this.octets = octets
    this.#readOnly = readOnly
  }

  /** Learns of its time from its index, if it has one. */
  async glance(): Promise<void> {
    const header = await headerOf(this.file.indexPath, this.octets)
    if (header === undefined) return
    this.firstAt = header.firstAt
    this.lastAt = header.lastAt
  }

  /** From now on it is written to. What was in it is known, too. */
  async resume(): Promise<void> {
    const builder = new IndexBuilder()
    const { indexPath } = this.file
    if (this.octets > 0 && !(await resumeIndex(indexPath, this.octets, builder))) await this.#fill(builder)
    this.#builder = builder
    this.#tell(builder)
  }

  /** Its next line is that of the event, at this offset. */
  note(event: JourneyEvent, offset: number): void {
    this.#builder!.add(event, offset)
    this.#tell(this.#builder!)
  }

  /** It is written to no more, and its index becomes a file. Without space for that, the index stays in memory. */
  async seal(): Promise<void> {
    if (this.#builder !== undefined) await this.#keepIndex(this.#builder)
  }

  /** Makes sure that its index is there, and so when its events were. Gives way while it makes one. */
  async index(): Promise<void> {
    if (this.#builder !== undefined || this.#sealed !== undefined) return
    await (this.#indexing ??= this.#openIndex().finally(() => (this.#indexing = undefined)))
  }

  /** Events in lines that may have the key, newest first. */
  async *candidates(hash: number): AsyncGenerator<JourneyEvent, void> {
    const offsets = (await this.#offsetsOf(hash)).filter((offset) => offset < this.octets).toReversed()
    if (offsets.length === 0) return
    await using file = await open(this.file.path)
    const all = offsets.length > MANY_LINES ? await readTo(file, this.octets) : undefined
    for (const offset of offsets) {
      const event = parseLine(all === undefined ? await lineAt(file, offset) : lineIn(all, offset))
      if (event !== undefined) yield event
    }
  }

  async remove(): Promise<void> {
    await rm(this.file.path, { force: true })
    await rm(this.file.indexPath, { force: true })
  }

  async #offsetsOf(hash: number): Promise<readonly number[]> {
    try {
      return await (await this.#known()).offsetsOf(hash)
    } catch {
      // Somebody has taken the index away.
      this.#sealed = undefined
      return (await this.#known()).offsetsOf(hash)
    }
  }

  async #known(): Promise<IndexBuilder | SealedIndex> {
    await this.index()
    return this.#builder ?? this.#sealed!
  }

  async #openIndex(): Promise<void> {
    this.#sealed = await SealedIndex.open(this.file.indexPath, this.octets)
    if (this.#sealed !== undefined) return this.glance()
    const builder = new IndexBuilder()
    await this.#fill(builder)
    this.#builder = builder
    this.#tell(builder)
    if (!this.#readOnly) await this.seal()
  }

  async #keepIndex(builder: IndexBuilder): Promise<void> {
    const { indexPath } = this.file
    try {
      const octets = builder.toFile(this.octets)
      await writeFile(indexPath, octets, { mode: 0o600 })
      this.#sealed = await SealedIndex.open(indexPath, this.octets)
      if (this.#sealed === undefined) return
      this.indexOctets = octets.length
      this.#builder = undefined
    } catch {
      await rm(indexPath, { force: true }).catch(() => undefined)
    }
  }

  async #fill(builder: IndexBuilder): Promise<void> {
    const all = (await readFile(this.file.path)).subarray(0, this.octets)
    let until = PARSED_AT_ONCE
    for (const { line, offset } of linesOf(all)) {
      const event = parseLine(line)
      if (event !== undefined) builder.add(event, offset)
      if (offset < until) continue
      until = offset + PARSED_AT_ONCE
      await turn()
    }
  }

  #tell({ events, firstAt, lastAt }: IndexBuilder): void {
    if (events === 0) return
    this.firstAt = firstAt
    this.lastAt = lastAt
  }
}

async function readTo(file: FileHandle, octets: number): Promise<Buffer> {
  const all = Buffer.allocUnsafe(octets)
  const { bytesRead } = await file.read(all, 0, octets, 0)
  return all.subarray(0, bytesRead)
}

async function lineAt(file: FileHandle, offset: number): Promise<Buffer> {
  for (let length = LINE_READ; ; length *= 4) {
    const piece = Buffer.allocUnsafe(length)
    const { bytesRead } = await file.read(piece, 0, length, offset)
    const line = lineIn(piece.subarray(0, bytesRead), 0)
    if (line.length < bytesRead || bytesRead < length) return line
  }
}

function lineIn(all: Buffer, offset: number): Buffer {
  const end = all.indexOf(0x0a, offset)
  return all.subarray(offset, end === -1 ? all.length : end)
}
