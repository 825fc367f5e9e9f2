/**
 * What the log asks of a file system, and no more: small enough to be played by a test that cuts the power.
 * Errors are those of `node:fs` (`code` is ENOSPC, EIO, ENOENT …).
 */
export interface FileSystem {
  /** Creates the directory and its parents if absent; durable. */
  makeDirectory(directory: string): Promise<void>
  list(directory: string): Promise<readonly string[]>
  /** A new empty file; an old one of that name is emptied. Durable only after `sync` and `syncDirectory`. */
  create(path: string): Promise<StoredFile>
  open(path: string, access: 'read' | 'write'): Promise<StoredFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(directory: string): Promise<void>
  /** Octets that may still be written; absent where nobody knows. */
  freeOctets?(directory: string): Promise<number>
  /** Owns the path until released. Rejects with a sentence that names the owner when another process owns it. */
  lock(path: string): Promise<() => Promise<void>>
}

export interface StoredFile {
  /** Reads as much of `into` as the file has; returns the number of octets. */
  read(into: Buffer, position: number): Promise<number>
  /** Writes all octets; in the page cache only. */
  write(octets: Buffer, position: number): Promise<void>
  /** Writes all octets; durable when fulfilled. Says nothing about earlier writes. */
  writeDurably(octets: Buffer, position: number): Promise<void>
  /** Makes all earlier writes durable. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}
