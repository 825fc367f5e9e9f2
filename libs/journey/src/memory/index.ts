/** A journal in memory, for tests. */
export { MemoryJournal } from './memory-journal.ts'
