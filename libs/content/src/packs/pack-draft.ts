import { crc32 } from 'node:zlib'

import { ContentStoreError, type ContentDraft, type ContentId } from '../ports.ts'
import { formatName, partName } from './content-name.ts'
import type { PackLimits } from './limits.ts'
import { asStoreError, type Committing } from './packer.ts'

/** A part has its CRC-32 behind its octets. */
export const PART_TRAILER = 4
/** Parts of one draft that may be under way before its writer waits. */
export const UNWRITTEN_PARTS = 2

/** What drafts share. */
export interface DraftKeeper {
  readonly limits: PackLimits
  /** Octets that all drafts hold. */
  held: number
  /** Throws when nothing may be written or committed now. */
  check(): void
  /** A name for parts; they are not reclaimed until `closed`. */
  opened(): string
  closed(pack: string): void
  pack(content: Committing): void
  putPart(name: string, octets: Buffer): Promise<void>
  committed(id: ContentId): void
}

/** A content on its way into a pack, or, when it is large, into parts of its own. */
export class PackDraft implements ContentDraft {
  readonly #keeper: DraftKeeper
  #pieces: Buffer[] = []
  #held = 0
  #size = 0
  /** Octets of a part, once there are parts. */
  #partOctets: number | undefined
  #pack = ''
  #parts = 0
  #unwritten = 0
  readonly #underWay = new Set<Promise<void>>()
  #failure: ContentStoreError | undefined
  #hasEnded = false
  #waiting: PromiseWithResolvers<void> | undefined

  constructor(keeper: DraftKeeper) {
    this.#keeper = keeper
  }

  get size(): number {
    return this.#size
  }

  write(bytes: Buffer): void | Promise<void> {
    this.#check()
    this.#pieces.push(bytes)
    this.#held += bytes.length
    this.#size += bytes.length
    this.#keeper.held += bytes.length
    this.#putFullParts()
    return this.#hasToWait() ? this.#wait() : undefined
  }

  async commit(): Promise<ContentId> {
    try {
      this.#check()
    } catch (error) {
      this.abort()
      throw error
    }
    this.#hasEnded = true
    return this.#partOctets === undefined ? await this.#intoPack() : await this.#intoParts(this.#partOctets)
  }

  /** What was put already is never referred to, and is reclaimed. */
  abort(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#end()
  }

  #check(): void {
    if (this.#hasEnded) throw new ContentStoreError('io', 'the draft has ended')
    if (this.#failure !== undefined) throw this.#failure
    this.#keeper.check()
  }

  #intoPack(): Promise<ContentId> {
    const { size } = this
    const pieces = this.#pieces.splice(0)
    const { promise, resolve, reject } = Promise.withResolvers<ContentId>()
    this.#keeper.pack({
      pieces,
      size,
      done: (id) => {
        this.#keeper.committed(id)
        this.#end()
        resolve(id)
      },
      failed: (error) => {
        this.#end()
        reject(error)
      },
    })
    return promise
  }

  async #intoParts(part: number): Promise<ContentId> {
    try {
      if (this.#held > 0) this.#putPart(this.#held)
      await Promise.all(this.#underWay)
      if (this.#failure !== undefined) throw this.#failure
      const id = formatName({ kind: 'parted', pack: this.#pack, part, size: this.#size })
      this.#keeper.committed(id)
      return id
    } finally {
      this.#end()
    }
  }

  #putFullParts(): void {
    const { limits, held } = this.#keeper
    const isPressed = held > limits.heldOctets && this.#held >= limits.smallestPart
    if (this.#partOctets === undefined) {
      if (this.#held <= limits.partOctets && !isPressed) return
      this.#partOctets = Math.min(this.#held, limits.partOctets)
      this.#pack = this.#keeper.opened()
    }
    while (this.#held >= this.#partOctets) this.#putPart(this.#partOctets)
  }

  #putPart(length: number): void {
    const octets = this.#takeOctets(length)
    const putting: Promise<void> = this.#keeper
      .putPart(partName(this.#pack, this.#parts++), octets)
      .catch((error: unknown) => this.#fail(asStoreError(error)))
      .then(() => this.#written(putting, length))
    this.#unwritten += length
    this.#underWay.add(putting)
  }

  /** So many of the octets that are held, with their checksum behind them. */
  #takeOctets(length: number): Buffer {
    const octets = Buffer.allocUnsafeSlow(length + PART_TRAILER)
    let end = 0
    while (end < length) {
      const piece = this.#pieces[0] as Buffer
      const taken = piece.copy(octets, end, 0, Math.min(piece.length, length - end))
      end += taken
      if (taken === piece.length) this.#pieces.shift()
      else this.#pieces[0] = piece.subarray(taken)
    }
    this.#held -= length
    octets.writeUInt32LE(crc32(octets.subarray(0, length)), length)
    return octets
  }

  #hasToWait(): boolean {
    const { limits, held } = this.#keeper
    const few = held > limits.heldOctets ? 0 : UNWRITTEN_PARTS * (this.#partOctets ?? 0)
    return this.#unwritten > few
  }

  /** One promise for all who wait. */
  #wait(): Promise<void> {
    this.#waiting ??= Promise.withResolvers()
    return this.#waiting.promise
  }

  #written(putting: Promise<void>, length: number): void {
    this.#underWay.delete(putting)
    this.#unwritten -= length
    this.#keeper.held -= length
    if (!this.#hasToWait()) this.#goOn()
  }

  #goOn(): void {
    if (this.#failure === undefined) this.#waiting?.resolve()
    else this.#waiting?.reject(this.#failure)
    this.#waiting = undefined
  }

  #fail(error: ContentStoreError): void {
    this.#failure ??= error
    this.#goOn()
  }

  #end(): void {
    this.#pieces = []
    this.#keeper.held -= this.#partOctets === undefined ? this.#size : this.#held
    this.#held = 0
    if (this.#partOctets !== undefined) this.#keeper.closed(this.#pack)
    this.#goOn()
  }
}
