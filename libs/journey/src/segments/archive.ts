import { open, rm } from 'node:fs/promises'

import type { Archive, ArchiveCursor, ArchivedKind, ArchivedPortion, ArchivedRow } from '@cartero/sql/archive'

import { EVENTS, EVENTS_AT_ONCE } from '../archive.ts'
import type { JourneyEvent } from '../ports.ts'
import { linesOf, parseLine } from './journal-line.ts'
import { DEFAULT_SEGMENT_OCTETS, MOST_EVENT_OCTETS } from './limits.ts'
import { listSegments } from './segment-folder.ts'
import { SegmentWriter } from './segment-writer.ts'
import type { Segment } from './segment.ts'

/** All that a journal in a folder keeps; nobody else has it open. What is written replaces all that is there. */
export function openSegmentArchive(directory: string): Archive {
  return new SegmentArchive(directory)
}

class SegmentArchive implements Archive {
  readonly kinds: readonly ArchivedKind[] = [{ name: EVENTS, portion: EVENTS_AT_ONCE, isWhole: true }]
  readonly #directory: string
  #segments: Promise<readonly Segment[]> | undefined
  #writer: SegmentWriter | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#list()).every(({ octets }) => octets === 0)
  }

  async about(): Promise<number> {
    return 0
  }

  /** The lines of a piece: the cursor is the segment's number, and where its next line begins. */
  async read(_kind: string, _limit: number, after: ArchiveCursor = [0, 0]): Promise<ArchivedPortion> {
    const [number, offset] = after as readonly [number, number]
    const segment = (await this.#list()).find(
      ({ file, octets }) => file.number > number || (file.number === number && offset < octets),
    )
    if (segment === undefined) return { rows: [] }
    const start = segment.file.number === number ? offset : 0
    const piece = await pieceOf(segment, start)
    const lines = [...linesOf(piece)]
    const last = lines.at(-1)
    const end = last === undefined ? segment.octets : start + last.offset + last.line.length + 1
    const events = lines.map(({ line }) => parseLine(line)).filter((event) => event !== undefined)
    return { rows: events.map((event) => [JSON.stringify(event)]), next: [segment.file.number, end] }
  }

  async write(_kind: string, rows: readonly ArchivedRow[]): Promise<void> {
    const writer = (this.#writer ??= await this.#begin())
    await writer.write(rows.map(([line]) => JSON.parse(line as string) as JourneyEvent))
  }

  async seal(): Promise<void> {
    await this.#writer?.seal()
    this.#writer = undefined
    this.#segments = undefined
  }

  async close(): Promise<void> {
    await this.#writer?.seal()
  }

  async #begin(): Promise<SegmentWriter> {
    await rm(this.#directory, { recursive: true, force: true })
    this.#segments = undefined
    const segments = await listSegments({ directory: this.#directory, readOnly: false })
    return new SegmentWriter(segments, {
      directory: this.#directory,
      segmentOctets: DEFAULT_SEGMENT_OCTETS,
      open,
    })
  }

  #list(): Promise<readonly Segment[]> {
    return (this.#segments ??= listSegments({ directory: this.#directory, readOnly: true }))
  }
}

async function pieceOf({ file, octets }: Segment, start: number): Promise<Buffer> {
  await using handle = await open(file.path)
  const piece = Buffer.alloc(Math.min(2 * MOST_EVENT_OCTETS, octets - start))
  const { bytesRead } = await handle.read(piece, 0, piece.length, start)
  return piece.subarray(0, bytesRead)
}
