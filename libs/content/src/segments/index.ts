/** Content in an append-only log of segment files: one sync for many messages. */
export type { FileSystem, StoredFile } from './file-system.ts'
export type { Damage } from './frame-walker.ts'
export { DEFAULT_SEGMENT_OCTETS, SegmentContentLog, type SegmentLogOptions } from './segment-content-log.ts'
