import type { JourneyEvent } from '../ports.ts'
import { formatLine } from './journal-line.ts'
import { MOST_EVENT_OCTETS, SEGMENT_SPAN } from './limits.ts'
import { segmentFile, type OpenFile } from './segment-folder.ts'
import { Segment } from './segment.ts'

export interface SegmentWriterOptions {
  readonly directory: string
  readonly segmentOctets: number
  readonly open: OpenFile
}

/** Lines that are written at once, and where each event's begins among them. */
interface Batch {
  readonly octets: Buffer
  readonly events: readonly JourneyEvent[]
  readonly offsets: readonly number[]
}

/** Writes to the newest segment, and begins another when that one is full, or is told to. One call at a time. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions
  /** Oldest first. */
  readonly #segments: Segment[]
  #file: Awaited<ReturnType<OpenFile>> | undefined
  #active: Segment | undefined

  constructor(segments: Segment[], options: SegmentWriterOptions) {
    this.#segments = segments
    this.#options = options
  }

  /** Where it is written now. */
  get active(): Segment | undefined {
    return this.#active
  }

  /** Writes on in a segment that has room. Rejects when the disk does. */
  async resume(segment: Segment): Promise<void> {
    await segment.resume()
    this.#file = await this.#options.open(segment.file.path, 'r+', 0o600)
    this.#active = segment
    await this.#file.truncate(segment.octets)
  }

  /** Returns how many events were no lines. Rejects when the disk does: then nothing was written, as far as a reader sees. */
  async write(events: readonly JourneyEvent[]): Promise<number> {
    const batch = batchOf(events)
    if (batch.events.length === 0) return events.length
    if (!this.#hasRoom(batch)) await this.seal()
    const segment = this.#active ?? (await this.#begin())
    const { octets } = segment
    await this.#put(batch.octets, octets)
    segment.octets += batch.octets.length
    batch.events.forEach((event, i) => segment.note(event, octets + batch.offsets[i]!))
    return events.length - batch.events.length
  }

  /** Nothing more is written to the newest segment. */
  async seal(): Promise<void> {
    const [file, active] = [this.#file, this.#active]
    this.#file = undefined
    this.#active = undefined
    await file?.close()
    await active?.seal()
  }

  /** Seals the newest segment when its first event is from yesterday. */
  async sealOld(now: number): Promise<void> {
    if (this.#active !== undefined && now - (this.#active.firstAt ?? now) >= SEGMENT_SPAN) await this.seal()
  }

  #hasRoom({ octets }: Batch): boolean {
    const active = this.#active
    if (active === undefined || active.octets === 0) return true
    return active.octets + octets.length <= this.#options.segmentOctets
  }

  async #begin(): Promise<Segment> {
    const { directory, open } = this.#options
    const file = segmentFile(directory, (this.#segments.at(-1)?.file.number ?? 0) + 1)
    const segment = new Segment(file, { octets: 0, readOnly: false })
    this.#file = await open(file.path, 'wx', 0o600)
    this.#segments.push(segment)
    await segment.resume()
    this.#active = segment
    return segment
  }

  /** What a full disk took of it is cut off again, or overwritten by what comes next. */
  async #put(octets: Buffer, position: number): Promise<void> {
    const file = this.#file!
    try {
      for (let done = 0; done < octets.length;) {
        const { bytesWritten } = await file.write(octets, done, octets.length - done, position + done)
        done += bytesWritten
      }
    } catch (error) {
      await file.truncate(position).catch(() => undefined)
      throw error
    }
  }
}

function batchOf(events: readonly JourneyEvent[]): Batch {
  const kept: JourneyEvent[] = []
  const lines: string[] = []
  for (const event of events) {
    const line = formatLine(event)
    if (line === undefined || Buffer.byteLength(line) > MOST_EVENT_OCTETS) continue
    kept.push(event)
    lines.push(line)
  }
  const octets = Buffer.from(lines.join(''))
  return { octets, events: kept, offsets: offsetsOf(lines, octets.length) }
}

function offsetsOf(lines: readonly string[], octets: number): readonly number[] {
  // Most have nothing but ASCII in them, and need not be counted.
  const isAscii = lines.reduce((sum, line) => sum + line.length, 0) === octets
  let offset = 0
  return lines.map((line) => {
    const begins = offset
    offset += isAscii ? line.length : Buffer.byteLength(line)
    return begins
  })
}
