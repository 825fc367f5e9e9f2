import type { Procedures } from './procedures.ts'

export interface StoreOptions {
  /** Path of the database file, or ':memory:'. */
  readonly file: string
  /** The module whose default export is a ProcedureModule. */
  readonly procedures: URL
}

/** A database whose procedures are called from the event loop. */
export interface SqlStore<P extends Procedures> {
  /**
   * Runs a procedure. Calls are run in the order in which they were made; all that wait when the worker becomes free
   * run in one transaction. A call that throws is undone alone (savepoint) and rejects with SqlError.
   *
   * Guarantee: when the promise is fulfilled, what was written survives kill -9 and power loss (WAL, synchronous=FULL).
   */
  call<K extends keyof P & string>(name: K, argument: Parameters<P[K]>[0]): Promise<ReturnType<P[K]>>
  close(): Promise<void>
}

/** `full` maps to 452 on the wire; `busy` and `io` to 451; `bug` is ours. */
export type SqlFault = 'full' | 'busy' | 'io' | 'constraint' | 'bug'

export class SqlError extends Error {
  override readonly name = 'SqlError'
  readonly fault: SqlFault

  constructor(fault: SqlFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** One worker thread that hosts any number of databases (a thread costs about 10 MB: share it). */
export declare class SqlWorker {
  constructor()
  open<P extends Procedures>(options: StoreOptions): Promise<SqlStore<P>>
  close(): Promise<void>
}
