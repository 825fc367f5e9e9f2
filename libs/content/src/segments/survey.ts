import { join } from 'node:path'
import { crc32 } from 'node:zlib'

import type { FileSystem } from './file-system.ts'
import { frameSize, WHOLE } from './frame.ts'
import { FrameWalker, type Damage, type Frame } from './frame-walker.ts'
import type { SegmentFiles } from './segment-files.ts'

/** What reclaiming has to know of a closed segment before it looks at single frames. Never changes. */
export interface Survey {
  /** Segments in which the contents originate that have frames here. */
  readonly origins: readonly number[]
  /** Where the last labelled frame stands; 0 when there is none. */
  readonly lastLabel: number
  /** Octets of all frames. */
  readonly octets: number
  /**
   * Octets here of each content that is not simply one frame that never moved: segment and offset of its origin, octets.
   * (What is one frame tells its size by its name.)
   */
  readonly parts: readonly (readonly [segment: number, offset: number, octets: number])[]
}

/** Surveys a segment once and writes the result beside it, since reading all segments takes long. */
export class Surveyor {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #files: SegmentFiles
  readonly #report: (damage: Damage) => void
  readonly #known = new Map<number, Survey>()

  constructor(
    fileSystem: FileSystem,
    directory: string,
    files: SegmentFiles,
    report: (damage: Damage) => void,
  ) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#files = files
    this.#report = report
  }

  async of(segment: number): Promise<Survey> {
    const known = this.#known.get(segment) ?? (await this.#load(segment).catch(() => undefined))
    const survey = known ?? (await this.#walk(segment))
    this.#known.set(segment, survey)
    // Only a shortcut: it may be lost, and its checksum tells when it is torn.
    if (known === undefined) await this.#save(segment, survey).catch(() => {})
    return survey
  }

  /** Of the open segment, as far as it is written: it will change, so nothing is kept. */
  ofOpen(segment: number, end: number): Promise<Survey> {
    return this.#walk(segment, end)
  }

  async forget(segment: number): Promise<void> {
    this.#known.delete(segment)
    await this.#fileSystem.unlink(this.#path(segment)).catch(() => {})
  }

  #walk(number: number, to?: number): Promise<Survey> {
    return this.#files.reading(number, async (segment) => {
      const walker = new FrameWalker(segment.file, segment, {
        report: this.#report,
        ...(to !== undefined && { to }),
      })
      const origins = new Set<number>([number])
      const parts = new Map<string, [number, number, number]>()
      let [lastLabel, octets] = [0, 0]
      for (let frame = await walker.next(); frame !== undefined; frame = await walker.next()) {
        origins.add(frame.origin.segment)
        octets += frameSize(frame)
        if (frame.labelLength > 0) lastLabel = frame.offset
        if (frame.kind !== WHOLE || frame.isMoved) addPart(parts, frame)
      }
      return { origins: [...origins], lastLabel, octets, parts: [...parts.values()] }
    })
  }

  async #save(segment: number, survey: Survey): Promise<void> {
    const text = Buffer.from(JSON.stringify(survey))
    const octets = Buffer.alloc(4 + text.length)
    octets.writeUInt32LE(crc32(text))
    text.copy(octets, 4)
    const file = await this.#fileSystem.create(this.#path(segment))
    try {
      await file.write(octets, 0)
    } finally {
      await file.close()
    }
  }

  async #load(segment: number): Promise<Survey | undefined> {
    const file = await this.#fileSystem.open(this.#path(segment), 'read')
    try {
      const octets = Buffer.alloc(await file.size())
      await file.read(octets, 0)
      const text = octets.subarray(4)
      return octets.readUInt32LE() === crc32(text) ? (JSON.parse(text.toString()) as Survey) : undefined
    } finally {
      await file.close()
    }
  }

  #path(segment: number): string {
    return join(this.#directory, `${String(segment).padStart(8, '0')}.survey`)
  }
}

function addPart(parts: Map<string, [number, number, number]>, frame: Frame): void {
  const { segment, offset } = frame.origin
  const key = `${segment}:${offset}`
  parts.set(key, [segment, offset, (parts.get(key)?.[2] ?? 0) + frameSize(frame)])
}
