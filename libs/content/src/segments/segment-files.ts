import { join } from 'node:path'

import type { FileSystem, StoredFile } from './file-system.ts'
import { decodeSegmentHeader, FIRST_FRAME, segmentName, type SegmentIdentity } from './segment.ts'

/** Segments kept open for reading; each costs a descriptor. */
export const MAX_OPEN = 64

/** A segment open for reading, shared by all its readers. */
export interface ReadableSegment extends SegmentIdentity {
  readonly file: StoredFile
}

interface Slot {
  readonly opening: Promise<ReadableSegment>
  users: number
  isDropped: boolean
}

/** Opens segments for reading and closes those that were not used for long; never one that is being read. */
export class SegmentFiles {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  /** Most recently used last. */
  readonly #slots = new Map<number, Slot>()

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#directory = directory
  }

  /** The segment stays open while `use` runs. */
  async reading<T>(number: number, use: (segment: ReadableSegment) => Promise<T>): Promise<T> {
    const loan = await this.acquire(number)
    try {
      return await use(loan.segment)
    } finally {
      loan.release()
    }
  }

  /** The segment stays open until it is released. */
  async acquire(number: number): Promise<{ readonly segment: ReadableSegment; release(): void }> {
    const slot = this.#slot(number)
    slot.users += 1
    const release = () => {
      slot.users -= 1
      void this.#closeIfUnused(slot)
    }
    try {
      return { segment: await slot.opening, release }
    } catch (error) {
      void this.drop(number)
      release()
      throw error
    }
  }

  /** The file is about to be unlinked, or the store is closed: whoever reads it still can. Closed when fulfilled, unless read. */
  async drop(number: number): Promise<void> {
    const slot = this.#slots.get(number)
    if (slot === undefined) return
    this.#slots.delete(number)
    slot.isDropped = true
    await this.#closeIfUnused(slot)
  }

  dropAll(): void {
    for (const number of this.#slots.keys()) void this.drop(number)
  }

  #slot(number: number): Slot {
    const slot = this.#slots.get(number) ?? { opening: this.#open(number), users: 0, isDropped: false }
    this.#slots.delete(number)
    this.#slots.set(number, slot)
    for (const [other, { users }] of this.#slots) {
      if (this.#slots.size <= MAX_OPEN) break
      if (users === 0 && other !== number) void this.drop(other)
    }
    return slot
  }

  async #open(number: number): Promise<ReadableSegment> {
    const path = join(this.#directory, segmentName(number))
    const file = await this.#fileSystem.open(path, 'read')
    const header = Buffer.alloc(FIRST_FRAME)
    await file.read(header, 0)
    const identity = decodeSegmentHeader(header, number)
    if (identity !== undefined) return { ...identity, file }
    await file.close()
    throw Object.assign(new Error(`the header of ${path} is damaged`), { code: 'EIO' })
  }

  async #closeIfUnused(slot: Slot): Promise<void> {
    if (!slot.isDropped || slot.users > 0) return
    await slot.opening.then(({ file }) => file.close()).catch(() => {})
  }
}
