/** `full` maps to 452 on the wire; `busy` and `io` to 451; `bug` is ours. */
export type SqlFault = 'full' | 'busy' | 'io' | 'constraint' | 'bug'

/** The store is at fault, never the peer; `fault` says in which way. */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  readonly fault: SqlFault

  constructor(fault: SqlFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that are not somebody's mistake. */
const FAULTS: Readonly<Record<number, SqlFault>> = {
  5: 'busy', // SQLITE_BUSY
  6: 'busy', // SQLITE_LOCKED
  7: 'io', // SQLITE_NOMEM
  8: 'io', // SQLITE_READONLY
  10: 'io', // SQLITE_IOERR
  11: 'io', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'io', // SQLITE_CANTOPEN
  19: 'constraint', // SQLITE_CONSTRAINT
  26: 'io', // SQLITE_NOTADB
}

/** The primary code is the low octet of what node:sqlite reports as `errcode`. */
export function faultOf(error: unknown): SqlFault {
  if (error instanceof SqlError) return error.fault
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return 'bug'
  return (typeof error.errcode === 'number' && FAULTS[error.errcode & 0xff]) || 'bug'
}
