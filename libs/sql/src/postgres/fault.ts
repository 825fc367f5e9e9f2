import { SqlError, type SqlFault } from '../error.ts'

/** Classes and codes of Postgres (Appendix A of its manual) that are not somebody's mistake. */
const FAULTS: readonly (readonly [code: string, fault: SqlFault])[] = [
  ['53100', 'full'], // disk_full
  ['53', 'busy'], // insufficient_resources
  ['40', 'busy'], // serialization_failure, deadlock_detected
  ['55', 'busy'], // lock_not_available
  ['57', 'busy'], // query_canceled, admin_shutdown, cannot_connect_now
  ['08', 'busy'], // connection_exception
  ['25006', 'busy'], // read_only_sql_transaction: a standby, while the first one changes
  ['58', 'io'], // system_error
  ['XX001', 'io'], // data_corrupted
  ['XX002', 'io'], // index_corrupted
  ['23', 'constraint'], // integrity_constraint_violation
]

/** An error of the driver as whose fault it is. Errors without a code of Postgres come from the connection. */
export function postgresError(error: unknown): unknown {
  if (error instanceof SqlError || !(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (code === undefined && error instanceof TypeError) return error
  const isOfPostgres = code !== undefined && /^[0-9A-Z]{5}$/.test(code)
  const fault = isOfPostgres ? (FAULTS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'bug') : 'busy'
  return new SqlError(fault, `postgres: ${error.message}`, { cause: error })
}

/** The transaction had no effect and would have one if it were made again. */
export function isPassing(error: unknown): boolean {
  const cause = error instanceof SqlError ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return code === '40001' || code === '40P01'
}
