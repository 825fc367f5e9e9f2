/**
 * The spool over Postgres, for several processes at once. Migrate SPOOL_SCHEMA before.
 * @packageDocumentation
 */
export { POSTGRES_SPOOL_LIMITS } from './limits.ts'
export { openPostgresSpool, PostgresSpool, type PostgresSpoolOptions } from './postgres-spool.ts'
export { SPOOL_SCHEMA } from './schema.ts'
