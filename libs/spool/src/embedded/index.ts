/** The spool of one process: the content log is the queue, SQLite holds what waits. */
export { EmbeddedSpool, type EmbeddedSpoolOptions } from './embedded-spool.ts'
export type { SpoolProcedures } from './procedures.ts'
