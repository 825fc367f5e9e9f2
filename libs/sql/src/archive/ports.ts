/** Octets are Uint8Array; what a number may not hold exactly is a text. */
export type ArchivedValue = string | number | Uint8Array | null

/** Values in the order of the columns of its kind. */
export type ArchivedRow = readonly ArchivedValue[]

/** Behind which row reading goes on: JSON, of one adapter, and valid as long as nothing is written to the store. */
export type ArchiveCursor = readonly (string | number)[]

export interface ArchivedPortion {
  readonly rows: readonly ArchivedRow[]
  /** Absent at the end. */
  readonly next?: ArchiveCursor
}

/** Rows of one shape. */
export interface ArchivedKind {
  readonly name: string
  /** Which value of a row names a content: that is another one in another content store. */
  readonly content?: number
  /** Rows to be read at once: fewer where they are large. */
  readonly portion: number
  /** Written in one go, from the first row on, by whoever begins: it cannot be gone on with where another process ended. */
  readonly isWhole?: true
}

/**
 * All that a store keeps, as it is carried to another store of the same room. Nobody else uses the store meanwhile. Rows that are read here
 * are the same whatever the adapter, and come in the same order.
 * Errors: those of the room's store, or SqlError.
 */
export interface Archive {
  /** In the order in which they have to be written. */
  readonly kinds: readonly ArchivedKind[]
  /** Nothing was ever kept in it. */
  isEmpty(): Promise<boolean>
  /** How many rows there are, about: for whoever waits. 0 where nobody knows. */
  about(kind: string): Promise<number>
  read(kind: string, limit: number, after?: ArchiveCursor): Promise<ArchivedPortion>
  /** Durable when fulfilled, and idempotent: a row whose key is there stays as it is. */
  write(kind: string, rows: readonly ArchivedRow[]): Promise<void>
  /** Contents that it refers to, each once, in their order, behind `after`. Fewer than `limit`: there are no more. */
  contents?(limit: number, after: string): Promise<readonly string[]>
  /** How many of these rows are not there, where the order of reading cannot be compared. */
  lacks?(kind: string, rows: readonly ArchivedRow[]): Promise<number>
  /** All was written: what has to be said once. */
  seal(): Promise<void>
  close(): Promise<void>
}
