/**
 * Postgres: connections to one schema, statements prepared by name, transactions that many share, migrations.
 * @packageDocumentation
 */
export { SqlError, type SqlFault } from '../error.ts'
export { POSTGRES_LIMITS, type PostgresLimits } from './limits.ts'
export { beginFilling, endFilling, fillingBy, othersConnected } from './filling.ts'
export {
  checkSchema,
  checkVersion,
  migrate,
  schemaVersion,
  type Migrated,
  type Migration,
  type StoreSchema,
} from './migrate.ts'
export {
  Postgres,
  type PostgresOptions,
  type PostgresTls,
  type Queries,
  type TransactionOptions,
} from './postgres.ts'
export {
  MOST_WAITING_CALLS,
  SharedTransactions,
  type SharedTransactionsOptions,
} from './shared-transactions.ts'
export { statement, type Statement } from './statement.ts'
