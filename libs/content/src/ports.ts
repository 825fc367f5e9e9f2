import type { Buffer } from 'node:buffer'

/**
 * Names octets for as long as somebody refers to them. Printable, at most 64 characters, opaque to its users;
 * never changes, also when the store moves the octets.
 */
export type ContentId = string & { readonly __brand: 'ContentId' }

/** Half-open range of octets, `start` inclusive, `end` exclusive; clipped to what there is. */
export interface OctetRange {
  readonly start: number
  readonly end: number
}

/** Octets on their way in. Dropping a draft without `commit` leaves nothing behind but space that is reclaimed. */
export interface ContentDraft {
  /**
   * Adds octets. Returns a promise only when the caller has to wait (bounded memory, slow disk).
   * The draft owns `bytes` from now on. Throws ContentStoreError.
   */
  write(bytes: Buffer): void | Promise<void>
  /** Octets written so far. */
  readonly size: number
  /**
   * Makes it durable. All commits that arrive while a sync is running share the next one.
   *
   * Guarantee: when the promise is fulfilled, the octets and the label survive kill -9 and power loss.
   * The content is pinned (never reclaimed) until `unpin`.
   *
   * @param label octets kept in the same frame, durable at the same instant; only a ContentLog gives them back.
   */
  commit(label?: Buffer): Promise<ContentId>
  /** Gives up; never fails. */
  abort(): void
}

/**
 * The octets of messages, exactly as received: immutable, written once, referred to by spool and mailstore.
 * Errors: `ContentStoreError` whose `fault` is `full` (no space: the peer gets 452), `io` or `missing`.
 */
export interface ContentStore {
  begin(): ContentDraft
  /** Streams the octets in pieces of at most 64 KiB; memory is bounded whatever the size. */
  get(id: ContentId, range?: OctetRange): AsyncIterable<Buffer>
  /** All octets of a range at once: for what is known to be small. */
  read(id: ContentId, range?: OctetRange): Promise<Buffer>
  size(id: ContentId): Promise<number>
  /** The caller has stored its reference (or wants none): the pin that `commit` set is lifted. */
  unpin(id: ContentId): void
  /**
   * Reclaims what nobody refers to. `owners` tell, for a group of ids that lie together, which are still referred to.
   * Liveness is always computed from the references themselves, never counted, so nothing can drift.
   */
  reclaim(owners: readonly ReferenceOwner[], signal: AbortSignal): Promise<Reclaimed>
  /** Fulfilled when space runs short (at once if it is short now), or when the signal aborts: `reclaim` is wanted. */
  whenLow(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Somebody who refers to content: the spool, the mailstore. */
export interface ReferenceOwner {
  /** Which of all contents whose id starts with `prefix` this owner refers to. Ids that lie together share a prefix. */
  referenced(prefix: string): Promise<Iterable<ContentId>>
}

export interface Reclaimed {
  /** Octets given back to the file system. */
  readonly freed: number
  /** Octets that were moved to make that possible. */
  readonly moved: number
}

/** Where in the log a labelled frame stands; ordered. */
export interface LogPosition {
  readonly segment: number
  readonly offset: number
}

export interface LabelledContent {
  readonly id: ContentId
  readonly size: number
  readonly label: Buffer
  /** Where the frame stands. */
  readonly position: LogPosition
  /** Where the next one may stand: a scan that begins there does not see this one. */
  readonly next: LogPosition
}

/** A content store that is a log: labelled commits can be read back in order. What the embedded spool recovers from. */
export interface ContentLog extends ContentStore {
  /** Every labelled frame at or after `from`, in log order; a torn tail ends the scan quietly, any other damage is reported. */
  scan(from?: LogPosition): AsyncIterable<LabelledContent>
  /** Where the next frame will stand. */
  readonly end: LogPosition
  /** Frames before this position need not be kept for their labels' sake. */
  forgetLabelsBefore(position: LogPosition): void
}

export type ContentFault = 'full' | 'io' | 'missing'

/** The store is at fault, never the peer. */
export class ContentStoreError extends Error {
  override readonly name = 'ContentStoreError'
  readonly fault: ContentFault

  constructor(fault: ContentFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}
