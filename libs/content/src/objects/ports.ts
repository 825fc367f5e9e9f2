import type { Buffer } from 'node:buffer'

import type { OctetRange } from '../ports.ts'

/**
 * Where packs of contents lie: an object store. An object is written once, under a name that is never used again for anything else.
 * Names are words of `a-z`, `0-9` and dots, at most 40 characters.
 * Errors: ContentStoreError (`full`, `io`); nothing takes longer than a deadline that the adapter names.
 */
export interface ObjectStore {
  /**
   * Durable when fulfilled. May be called again with the same octets when nobody knows whether it was done.
   * @param octets at most 4 MiB; not changed any more
   */
  put(name: string, octets: Buffer): Promise<void>
  /** The part of the object that the range asks for, clipped to what there is; undefined when there is no such object. */
  read(name: string, range: OctetRange): Promise<Buffer | undefined>
  /** Idempotent. */
  delete(name: string): Promise<void>
  /** All that is there, in the order of the names, in portions. What is put or deleted meanwhile is there or not. */
  list(signal: AbortSignal): AsyncIterable<readonly StoredObject[]>
  /** Ends what is under way with `io`. */
  close(): Promise<void>
}

export interface StoredObject {
  readonly name: string
  readonly size: number
}
