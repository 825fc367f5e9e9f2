import { ContentStoreError, type ContentDraft, type ContentId, type LogPosition } from '../ports.ts'
import { formatName } from './content-name.ts'
import { CHUNK, encodeExtents, EXTENTS, extentsLength, WHOLE, type Extent } from './frame.ts'
import type { PendingFrame, Writer } from './writer.ts'

/** A content up to this size is one frame, written at its commit; a larger one is written in chunks as it comes. */
export const SMALL_CONTENT = 128 * 1024
/** When all drafts together hold more than this in memory, smaller chunks are written early. */
export const MAX_HELD = 16 * 1024 * 1024
/** No chunk is smaller, or the list of chunks would not be short. */
const MIN_CHUNK = 16 * 1024
/** A draft with more than this on its way to the disk has its writer wait. */
export const MAX_UNWRITTEN = 512 * 1024
/** The envelope of a thousand recipients takes a tenth of this. */
export const MAX_LABEL = 1024 * 1024

/** What drafts share: the writer, the count of octets held in memory, and who must not be reclaimed. */
export interface DraftKeeper {
  readonly writer: Writer
  held: number
  /** Throws when nothing may be written or committed now. */
  check(): void
  /** So many octets are about to be written. */
  spend(octets: number): void
  /** A larger content has a first chunk and no name yet. */
  opened(origin: LogPosition): void
  /** It is committed or given up. */
  closed(origin: LogPosition): void
  committed(id: ContentId): void
}

export class SegmentDraft implements ContentDraft {
  readonly #keeper: DraftKeeper
  #pieces: Buffer[] = []
  #held = 0
  #size = 0
  #unwritten = 0
  #extents: Extent[] = []
  #chunks = 0
  #origin: LogPosition | undefined
  #hasEnded = false
  /** What is still on its way need not be written. */
  #isVoid = false
  #failure: ContentStoreError | undefined
  #waiting: PromiseWithResolvers<void> | undefined
  #settle: { resolve(id: ContentId): void; reject(error: ContentStoreError): void } | undefined

  constructor(keeper: DraftKeeper) {
    this.#keeper = keeper
  }

  get size(): number {
    return this.#size
  }

  write(bytes: Buffer): void | Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#hasEnded) throw new ContentStoreError('io', 'the draft has ended')
    this.#keeper.check()
    this.#keeper.spend(bytes.length)
    for (let rest = bytes; rest.length > 0;) {
      const piece = rest.subarray(0, SMALL_CONTENT - this.#held)
      this.#hold(piece)
      rest = rest.subarray(piece.length)
      if (rest.length > 0) this.#writeChunk()
    }
    if (this.#held >= MIN_CHUNK && this.#keeper.held > MAX_HELD) this.#writeChunk()
    return this.#unwritten > MAX_UNWRITTEN ? this.#wait() : undefined
  }

  commit(label?: Buffer): Promise<ContentId> {
    try {
      this.#checkCommit(label)
    } catch (error) {
      this.abort()
      return Promise.reject(error)
    }
    this.#hasEnded = true
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      if (this.#chunks > 0 && this.#held > 0) this.#writeChunk()
      this.#keeper.writer.enqueue(this.#chunks === 0 ? this.#whole(label) : this.#list(label))
    })
  }

  abort(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#isVoid = true
    this.#end()
  }

  #checkCommit(label: Buffer | undefined): void {
    if (this.#hasEnded) throw new ContentStoreError('io', 'the draft has ended')
    if (this.#failure !== undefined) throw this.#failure
    this.#keeper.check()
    if ((label?.length ?? 0) > MAX_LABEL)
      throw new ContentStoreError('io', `a label has at most ${MAX_LABEL} octets`)
  }

  #hold(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#held += piece.length
    this.#size += piece.length
    this.#keeper.held += piece.length
  }

  /** Octets are handed over; what is not held any more is not counted any more. */
  #release(): readonly Buffer[] {
    const pieces = this.#pieces
    this.#pieces = []
    this.#keeper.held -= this.#held
    this.#held = 0
    return pieces
  }

  #whole(label: Buffer | undefined): PendingFrame {
    const size = this.#held
    let id: ContentId
    return {
      kind: WHOLE,
      length: size,
      label,
      isDurable: true,
      isVoid: () => false,
      octets: () => this.#release(),
      placed: (origin) => {
        id = formatName({ origin, size })
      },
      done: () => this.#committed(id),
      failed: (error) => this.#fail(error),
    }
  }

  #writeChunk(): void {
    const length = this.#held
    const pieces = [...this.#release()]
    this.#chunks += 1
    this.#unwritten += length
    this.#keeper.writer.enqueue({
      kind: CHUNK,
      length,
      label: undefined,
      isDurable: false,
      isVoid: () => this.#isVoid,
      origin: () => this.#origin,
      octets: () => pieces.splice(0),
      placed: (position) => this.#placeChunk(position, length),
      done: () => this.#written(length),
      failed: (error) => this.#fail(error),
    })
  }

  /** The first chunk names the content. */
  #placeChunk(position: LogPosition, length: number): void {
    this.#extents.push({ ...position, length })
    if (this.#origin !== undefined) return
    this.#origin = position
    this.#keeper.opened(position)
  }

  /** The frame that makes the chunks a content. */
  #list(label: Buffer | undefined): PendingFrame {
    let id: ContentId
    return {
      kind: EXTENTS,
      length: extentsLength(this.#chunks),
      label,
      isDurable: true,
      isVoid: () => this.#isVoid,
      origin: () => this.#origin,
      octets: () => [encodeExtents(this.#extents)],
      placed: (extents) => {
        id = formatName({ origin: this.#origin ?? extents, size: this.#size, extents })
      },
      done: () => this.#committed(id),
      failed: (error) => this.#fail(error),
    }
  }

  #committed(id: ContentId): void {
    this.#keeper.committed(id)
    this.#end()
    this.#settle?.resolve(id)
  }

  /** One promise for all who wait. */
  #wait(): Promise<void> {
    this.#waiting ??= Promise.withResolvers()
    return this.#waiting.promise
  }

  #written(length: number): void {
    this.#unwritten -= length
    if (this.#unwritten > MAX_UNWRITTEN) return
    this.#waiting?.resolve()
    this.#waiting = undefined
  }

  #fail(error: ContentStoreError): void {
    if (this.#isVoid) return
    this.#isVoid = true
    this.#failure = error
    this.#waiting?.reject(error)
    this.#waiting = undefined
    this.#end()
    this.#settle?.reject(error)
  }

  #end(): void {
    this.#release()
    this.#waiting?.resolve()
    this.#waiting = undefined
    if (this.#origin !== undefined) this.#keeper.closed(this.#origin)
  }
}
