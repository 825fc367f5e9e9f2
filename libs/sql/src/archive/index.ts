/**
 * Stores that are carried to other stores: what a room reads and writes of its own, and how far a copy has come.
 * @packageDocumentation
 */
export { CopyLedger, type Advance, type Moved, type Place } from './copy-ledger.ts'
export type {
  Archive,
  ArchiveCursor,
  ArchivedKind,
  ArchivedPortion,
  ArchivedRow,
  ArchivedValue,
} from './ports.ts'
export { SqliteTables } from './sqlite-tables.ts'
export { column, type ArchivedTables } from './tables.ts'
