/**
 * SQLite in a worker thread: typed procedures, called from the event loop, run in batches, one transaction (and one
 * sync) for all calls that arrived while the last one was running.
 * @packageDocumentation
 */
export { SqlError, type SqlFault } from './error.ts'
export { asBuffer } from './octets.ts'
export type { Database, Procedure, ProcedureModule, Procedures } from './procedures.ts'
export { SqlWorker, type SqlStore, type StoreOptions } from './worker.ts'
