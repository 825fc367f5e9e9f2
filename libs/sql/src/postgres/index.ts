/**
 * Postgres: a pool of connections to one schema, statements prepared by name, transactions, migrations.
 * @packageDocumentation
 */
export { SqlError, type SqlFault } from '../error.ts'
export { checkSchema, migrate, type Migrated, type Migration, type StoreSchema } from './migrate.ts'
export { Postgres, POSTGRES_LIMITS, type PostgresOptions, type Queries } from './postgres.ts'
export { statement, type Statement } from './statement.ts'
