import { SqlError } from '../error.ts'
import type { Postgres, Queries } from './postgres.ts'
import { statement } from './statement.ts'

const KNOWN = statement(`SELECT to_regclass('being_filled') IS NOT NULL AS known`)
const WHO = statement('SELECT who FROM being_filled')
const MARK = statement('CREATE TABLE IF NOT EXISTS being_filled (who text PRIMARY KEY)')
const SIGN = statement(
  'INSERT INTO being_filled SELECT $1::text WHERE NOT EXISTS (SELECT FROM being_filled) ON CONFLICT DO NOTHING',
)
const UNMARK = statement('DROP TABLE IF EXISTS being_filled')
const OTHERS = statement(`
  SELECT DISTINCT application_name AS name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name <> current_setting('application_name')
    AND starts_with(application_name, $1) ORDER BY 1`)

/** Who fills the schema from elsewhere and has not come to the end; undefined when it is whole. */
export async function fillingBy(database: Queries): Promise<string | undefined> {
  const [{ known } = { known: false }] = await database.rows<{ known: boolean }>(KNOWN)
  if (!known) return undefined
  return (await database.rows<{ who: string }>(WHO))[0]?.who
}

/** From now on nobody else uses the schema (`checkSchema`), until `endFilling`. Fulfilled with whoever fills it. */
export async function beginFilling(database: Postgres, who: string): Promise<string> {
  await database.run(MARK)
  await database.run(SIGN, [who])
  return (await fillingBy(database)) ?? who
}

export async function endFilling(database: Postgres): Promise<void> {
  await database.run(UNMARK)
}

/** Throws SqlError in words for the operator. */
export async function checkWhole(database: Queries, store: string): Promise<void> {
  if ((await fillingBy(database)) === undefined) return
  throw new SqlError(
    'io',
    `the ${store} in Postgres is not whole: \`cartero migrate-store\` has begun to fill it and has not come to its end. Run it again`,
  )
}

/** Names of others that are connected to the same database now and begin like this: those that are idle for long are not. */
export async function othersConnected(database: Queries, beginning: string): Promise<readonly string[]> {
  return (await database.rows<{ name: string }>(OTHERS, [beginning])).map(({ name }) => name)
}
