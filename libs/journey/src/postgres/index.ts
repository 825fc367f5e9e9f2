/**
 * A journal in Postgres, of several processes.
 * @packageDocumentation
 */
export { openPostgresJournal, type PostgresJournal, type PostgresJournalOptions } from './postgres-journal.ts'
export { JOURNEY_SCHEMA } from './schema.ts'
