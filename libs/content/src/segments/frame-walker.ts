import { crc32 } from 'node:zlib'

import type { StoredFile } from './file-system.ts'
import { FRAME_HEADER, frameSize, MAGIC_OCTETS, readHeader, type FrameHeader } from './frame.ts'
import { FIRST_FRAME, type SegmentIdentity } from './segment.ts'

/** Octets read at once. */
const WINDOW = 1024 * 1024
const ZEROS = Buffer.alloc(64 * 1024)

export interface Frame extends FrameHeader {
  /** Where it stands in the segment. */
  readonly offset: number
  /** Views that hold until the next frame is asked for. */
  readonly octets: Buffer
  readonly label: Buffer
}

/** Octets that should have been frames: durable once, and not readable now. */
export interface Damage {
  readonly segment: number
  readonly from: number
  readonly to: number
  readonly reason: string
}

export interface WalkOptions {
  readonly from?: number
  /** The walk ends here; by default at the end of the file. */
  readonly to?: number
  /** The batch of the frame before `from`. */
  readonly batch?: number
  readonly report: (damage: Damage) => void
}

/**
 * Goes from frame to frame and checks each. Where there is no valid frame, one of three things is true:
 * - nothing valid follows and all is zero: the clean end;
 * - what follows was never durable (no later frame says that this place was): a torn tail, which ends the walk quietly;
 * - a later frame was written when this place was durable already: damage. It is reported, and the walk goes on there.
 */
export class FrameWalker {
  readonly #file: StoredFile
  readonly #identity: SegmentIdentity
  readonly #report: (damage: Damage) => void
  #limit: number | undefined
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0
  #offset: number
  #batch: number
  #isClean = true

  constructor(file: StoredFile, identity: SegmentIdentity, options: WalkOptions) {
    this.#file = file
    this.#identity = identity
    this.#report = options.report
    this.#offset = Math.max(options.from ?? 0, FIRST_FRAME)
    this.#limit = options.to
    this.#batch = options.batch ?? 0
  }

  /** Where the next frame stands or would stand. */
  get offset(): number {
    return this.#offset
  }

  /** Batch of the last frame. */
  get batch(): number {
    return this.#batch
  }

  /** After the walk: nothing but zeros follow, so that writing may go on at `offset`. */
  get isClean(): boolean {
    return this.#isClean
  }

  async next(): Promise<Frame | undefined> {
    this.#limit ??= await this.#file.size()
    for (;;) {
      const frame = await this.#frameAt(this.#offset)
      if (frame !== undefined && frame.batch >= this.#batch) {
        this.#offset += frameSize(frame)
        this.#batch = frame.batch
        return frame
      }
      const later = await this.#laterFrame(this.#offset)
      if (later === undefined) return undefined
      const { number } = this.#identity
      this.#report({ segment: number, from: this.#offset, to: later, reason: 'frames are not readable' })
      this.#offset = later
    }
  }

  /** A frame with correct checksums, or undefined. */
  async #frameAt(offset: number): Promise<Frame | undefined> {
    if (offset + FRAME_HEADER > this.#end) return undefined
    let window = await this.#view(offset, FRAME_HEADER)
    const header = readHeader(window, 0, this.#identity.salt)
    if (header === undefined || offset + frameSize(header) > this.#end) return undefined
    window = await this.#view(offset, frameSize(header))
    const octets = window.subarray(FRAME_HEADER, FRAME_HEADER + header.length)
    const label = window.subarray(FRAME_HEADER + header.length, frameSize(header))
    if (crc32(octets) !== header.checksum || crc32(label) !== header.labelChecksum) return undefined
    return { ...header, offset, octets, label }
  }

  /** The next frame that was written when `offset` was durable. Notes whether there is anything at all. */
  async #laterFrame(offset: number): Promise<number | undefined> {
    this.#isClean = true
    for (let at = offset; at < this.#end; at += WINDOW) {
      const window = await this.#view(at, Math.min(WINDOW + FRAME_HEADER, this.#end - at))
      if (isZero(window)) continue
      this.#isClean = false
      const found = await this.#search(Buffer.from(window), at, offset)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #search(window: Buffer, windowAt: number, after: number): Promise<number | undefined> {
    for (let at = window.indexOf(MAGIC_OCTETS); at >= 0; at = window.indexOf(MAGIC_OCTETS, at + 1)) {
      const header = readHeader(window, at, this.#identity.salt)
      if (header === undefined || header.durable <= after || header.batch < this.#batch) continue
      if ((await this.#frameAt(windowAt + at)) !== undefined) return windowAt + at
    }
    return undefined
  }

  get #end(): number {
    return this.#limit ?? 0
  }

  /** Octets of the file from `offset`; fewer only at its end. Holds until the next call. */
  async #view(offset: number, length: number): Promise<Buffer> {
    const start = offset - this.#windowAt
    if (start < 0 || start + length > this.#window.length) await this.#load(offset, Math.max(length, WINDOW))
    return this.#window.subarray(offset - this.#windowAt, offset - this.#windowAt + length)
  }

  async #load(offset: number, length: number): Promise<void> {
    const into = Buffer.allocUnsafe(Math.min(length, this.#end - offset))
    const count = await this.#file.read(into, offset)
    this.#window = into.subarray(0, count)
    this.#windowAt = offset
  }
}

function isZero(octets: Buffer): boolean {
  for (let at = 0; at < octets.length; at += ZEROS.length) {
    const part = octets.subarray(at, at + ZEROS.length)
    if (!part.equals(ZEROS.subarray(0, part.length))) return false
  }
  return true
}
