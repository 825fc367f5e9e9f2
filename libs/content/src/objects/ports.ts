import type { Buffer } from 'node:buffer'

/**
 * Where packs of contents lie: an object store. Objects are written once, under names that are never used again.
 * Errors: ContentStoreError (`full`, `io`).
 */
export interface ObjectStore {
  /** Durable when fulfilled. The parts are written one after the other; not changed any more. */
  put(name: string, parts: readonly Buffer[]): Promise<void>
  /** Octets from `start` on and before `end`, clipped to what there is; undefined when there is no such object. */
  read(name: string, range: { readonly start: number; readonly end: number }): Promise<Buffer | undefined>
  /** Idempotent. */
  delete(name: string): Promise<void>
  /** In the order of their names, in portions. */
  list(): AsyncIterable<readonly StoredObject[]>
  close(): Promise<void>
}

export interface StoredObject {
  readonly name: string
  readonly size: number
}
