import { SqlError } from '../error.ts'
import { checkWhole } from './filling.ts'
import type { Postgres, Queries } from './postgres.ts'
import { statement, type Statement } from './statement.ts'

/** One step of a schema: script n (from 1) leads to version n. Never edited once released. */
export interface Migration {
  /** Statements with `;` between them, in one transaction. */
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
const LOCK = statement('SELECT pg_advisory_xact_lock(hashtext($1))')
const NOTE = statement('INSERT INTO schema_version (version, readable_by) VALUES ($1, $2)')

/** Brings the schema to the program's version, one step a transaction; two that do it at once take turns. */
export async function migrate(database: Postgres, { migrations }: StoreSchema): Promise<Migrated> {
  const { schema } = database
  const patience = database.limits.migration
  await database.transaction(async (queries) => {
    await takeTurn(queries, { schema, patience })
    await queries.run(
      script(
        `CREATE SCHEMA IF NOT EXISTS "${schema}";
         CREATE TABLE IF NOT EXISTS schema_version (
           version int PRIMARY KEY, readable_by int NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());`,
        patience,
      ),
    )
  })
  const from = (await versionOf(database)).version
  for (const [index, { sql, readableBy }] of migrations.entries()) {
    await database.transaction(async (queries) => {
      await takeTurn(queries, { schema, patience })
      if ((await versionOf(queries)).version > index) return
      await queries.run(script(sql, patience))
      await queries.run(NOTE, [index + 1, readableBy])
    })
  }
  return { from, to: (await versionOf(database)).version }
}

/** The version that the schema has; 0 where there is none. */
export async function schemaVersion(database: Postgres): Promise<number> {
  return (await versionOf(database)).version
}

/** Throws SqlError in words for the operator when the schema is too old or too new for this program, or not whole yet. */
export async function checkSchema(database: Postgres, schema: StoreSchema): Promise<void> {
  await checkVersion(database, schema)
  await checkWhole(database, schema.store)
}

/** The same, for whoever makes it whole. */
export async function checkVersion(database: Postgres, { store, migrations }: StoreSchema): Promise<void> {
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

interface Turn {
  readonly schema: string
  readonly patience: number
}

/** Who migrates waits for who does already, and has time for what is large. */
async function takeTurn(queries: Queries, { schema, patience }: Turn): Promise<void> {
  await queries.run(script(`SET LOCAL statement_timeout = ${patience}`, patience))
  await queries.rows({ ...LOCK, patience }, [`cartero ${schema}`])
}

/** Of a migration, which is ours: several statements, said once and not prepared. The transaction is around it. */
function script(text: string, patience: number): Statement {
  return { name: '', text, patience }
}
