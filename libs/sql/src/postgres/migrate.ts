import { SqlError } from '../error.ts'
import type { Postgres, Queries } from './postgres.ts'
import { statement } from './statement.ts'

/** One step of a schema: script n (from 1) leads to version n. Never edited once released. */
export interface Migration {
  readonly sql: string
  /** The lowest version of the program's own that works with the schema after this step: one less, or the step's. */
  readonly readableBy: number
}

/** The schema of a store. */
export interface StoreSchema {
  /** What the store is called, for the operator: `spool`. */
  readonly store: string
  readonly migrations: readonly Migration[]
}

export interface Migrated {
  readonly from: number
  readonly to: number
}

const VERSION = statement('SELECT version, readable_by FROM schema_version ORDER BY version DESC LIMIT 1')
const KNOWN = statement(`SELECT to_regclass('schema_version') IS NOT NULL AS known`)
const NOTE = statement('INSERT INTO schema_version (version, readable_by) VALUES ($1, $2)')

/** Brings the schema to the program's version, one step a transaction; two that do it at once take turns. */
export async function migrate(database: Postgres, { migrations }: StoreSchema): Promise<Migrated> {
  const { schema } = database
  await database.transaction(async (queries) => {
    await locked(queries, schema)
    await queries.run(script(`CREATE SCHEMA IF NOT EXISTS "${schema}"`))
    await queries.run(
      script(
        `CREATE TABLE IF NOT EXISTS schema_version (
           version int PRIMARY KEY, readable_by int NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`,
      ),
    )
  })
  const from = (await versionOf(database)).version
  for (const [index, { sql, readableBy }] of migrations.entries()) {
    await database.transaction(async (queries) => {
      await locked(queries, schema)
      if ((await versionOf(queries)).version > index) return
      for (const part of sql.split(/;\s*\n(?=\S)/)) if (part.trim() !== '') await queries.run(script(part))
      await queries.run(NOTE, [index + 1, readableBy])
    })
  }
  return { from, to: (await versionOf(database)).version }
}

/** Throws SqlError in words for the operator when the schema is too old or too new for this program. */
export async function checkSchema(database: Postgres, { store, migrations }: StoreSchema): Promise<void> {
  const { version, readableBy } = await versionOf(database)
  const own = migrations.length
  if (version < own) {
    throw new SqlError(
      'io',
      `the ${store} in Postgres has schema version ${version}, and this program needs ${own}: run \`cartero migrate\``,
    )
  }
  if (readableBy > own) {
    throw new SqlError(
      'io',
      `the ${store} in Postgres has schema version ${version}, which needs a newer program than this one (${own})`,
    )
  }
}

async function versionOf(queries: Queries): Promise<{ version: number; readableBy: number }> {
  const [{ known } = { known: false }] = await queries.rows<{ known: boolean }>(KNOWN)
  if (!known) return { version: 0, readableBy: 0 }
  const [row] = await queries.rows<{ version: number; readable_by: number }>(VERSION)
  return { version: row?.version ?? 0, readableBy: row?.readable_by ?? 0 }
}

async function locked(queries: Queries, schema: string): Promise<void> {
  await queries.rows(statement('SELECT pg_advisory_xact_lock(hashtext($1))'), [`cartero ${schema}`])
}

/** Of a migration, which is ours. Not prepared: it is said once. */
function script(text: string): { name: string; text: string } {
  return { name: '', text }
}
