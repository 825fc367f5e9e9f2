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
  ['25P03', 'busy'], // idle_in_transaction_session_timeout
  ['28', 'io'], // invalid_authorization_specification: the operator's
  ['3D', 'io'], // invalid_catalog_name
  ['58', 'io'], // system_error
  ['XX001', 'io'], // data_corrupted
  ['XX002', 'io'], // index_corrupted
  ['23', 'constraint'], // integrity_constraint_violation
]

/** Codes after which the connection is of no use: it has ended, or leads to a host that only reads now, or to plans of an older schema. */
const PARTING = /^(?:08|57P|25006|25P03|0A000)/

/** An error of the driver as whose fault it is. Errors without a code of Postgres come from the connection. */
export function postgresError(error: unknown): unknown {
  if (error instanceof SqlError || !(error instanceof Error)) return error
  const code = codeOf(error)
  if (code === undefined && (error instanceof TypeError || error instanceof RangeError)) return error
  return new SqlError(faultOf(code), `postgres: ${wordsOf(error)}`, { cause: withoutRows(error) })
}

/** The server has said nothing of it: the connection broke, or a deadline has passed. */
function isOfConnection(error: unknown): boolean {
  const code = codeOf(causeOf(error))
  return error instanceof SqlError && (code === undefined || !isOfPostgres(code))
}

/** The server did not answer in time. Who asks again would wait as long again. */
export function isLate(error: unknown): boolean {
  return isOfConnection(error) && /time/i.test(wordsOf(causeOf(error) as Error))
}

/** The connection cannot be used any more. */
export function isParting(error: unknown): boolean {
  return isOfConnection(error) || PARTING.test(codeOf(causeOf(error)) ?? '')
}

/** The transaction had no effect and would have one if it were made again. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(causeOf(error))
  return code === '40001' || code === '40P01' || isOutdatedPlan(error)
}

/** A statement was prepared before a migration; it was not run. */
export function isOutdatedPlan(error: unknown): boolean {
  const cause = causeOf(error)
  return (
    codeOf(cause) === '0A000' && cause instanceof Error && cause.message.startsWith('cached plan must not')
  )
}

function faultOf(code: string | undefined): SqlFault {
  if (code === undefined || !isOfPostgres(code)) return 'busy'
  return FAULTS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'bug'
}

/** Of an AggregateError (several addresses of a host) the message is empty. */
function wordsOf(error: Error): string {
  if (error.message !== '') return error.message
  return error instanceof AggregateError ? error.errors.map(String).join('; ') : error.name
}

/** The detail of an error quotes whole rows, with what is secret in them. */
function withoutRows(error: Error): Error {
  for (const name of ['detail', 'where', 'internalQuery', 'query', 'hint'])
    if (name in error) delete (error as unknown as Record<string, unknown>)[name]
  return error
}

function causeOf(error: unknown): unknown {
  return error instanceof SqlError ? error.cause : error
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Those of the system are words: ECONNRESET. */
function isOfPostgres(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)
}
