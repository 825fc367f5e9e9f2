/** Archives in Postgres. */
export { PostgresTables } from './postgres-tables.ts'
