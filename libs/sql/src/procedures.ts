import type { DatabaseSync } from 'node:sqlite'

/** The driver's database, so that rooms with procedures need not know the driver. */
export type Database = DatabaseSync

/**
 * Runs inside the worker, synchronously, within the batch's transaction. Argument and result are structured-cloned.
 *
 * A procedure keeps no state but its prepared statements: after a rollback it may be run a second time.
 * It does not begin or end transactions. Blobs are Uint8Array on both sides; `asBuffer` wraps them without a copy.
 */
export type Procedure<A = never, R = unknown> = (argument: A) => R

/** What a store can be asked, by name. Reads and writes share one namespace. */
export type Procedures = Record<string, Procedure>

/**
 * What the module at `StoreOptions.procedures` exports by default. It is imported by the worker, so it must not import
 * anything that belongs on the event loop.
 */
export interface ProcedureModule<P extends Procedures> {
  /** SQL scripts; script n brings the schema from version n to n+1 (PRAGMA user_version). Never edited once released. */
  readonly migrations: readonly string[]
  /** Prepares its statements once and returns the procedures; each takes one argument or none. */
  readonly prepare: (database: Database) => P
}
