/** What happened to each message, in append-only segment files with an index of their keys. */
export { openJournalReader, type JournalReaderOptions } from './journal-reader.ts'
export { DEFAULT_KEEP_FOR, DEFAULT_KEEP_OCTETS, DEFAULT_SEGMENT_OCTETS } from './limits.ts'
export type { OpenFile } from './segment-folder.ts'
export { SegmentJournal, type SegmentJournalOptions } from './segment-journal.ts'
