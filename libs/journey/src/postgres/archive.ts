import type { Archive, ArchiveCursor, ArchivedPortion, ArchivedRow } from '@cartero/sql/archive'
import { checkVersion, statement, type Postgres } from '@cartero/sql/postgres'

import { ARCHIVED_JOURNEY } from '../archive.ts'
import type { JourneyEvent } from '../ports.ts'
import { eventRow } from './event-rows.ts'
import { keepEvents } from './postgres-journal.ts'
import { JOURNEY_SCHEMA } from './schema.ts'

const READ = statement(
  'SELECT at, place, line FROM event WHERE (at, place) > ($1::bigint, $2::bigint) ORDER BY at, place LIMIT $3',
)
const KNOWN = statement(`
  SELECT count(*)::int AS known FROM event JOIN unnest($1::bigint[], $2::bytea[]) AS given (at, identity) USING (at, identity)`)
const ABOUT = statement(`SELECT reltuples::bigint AS about FROM pg_class WHERE oid = 'event'::regclass`)
const EXISTS = statement('SELECT 1 AS one FROM event LIMIT 1')

/** All that a journal in Postgres keeps; nobody uses it meanwhile. Rejects with SqlError. */
export async function openPostgresJournalArchive(database: Postgres): Promise<Archive> {
  await checkVersion(database, JOURNEY_SCHEMA)
  return new PostgresJournalArchive(database)
}

class PostgresJournalArchive implements Archive {
  readonly kinds = ARCHIVED_JOURNEY
  readonly #database: Postgres

  constructor(database: Postgres) {
    this.#database = database
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#database.rows(EXISTS)).length === 0
  }

  async about(): Promise<number> {
    return Math.max((await this.#database.rows<{ about: number }>(ABOUT))[0]?.about ?? 0, 0)
  }

  async read(_kind: string, limit: number, after?: ArchiveCursor): Promise<ArchivedPortion> {
    const behind = after ?? [Number.MIN_SAFE_INTEGER, 0]
    const found = await this.#database.rows<{ at: number; place: number; line: string }>(READ, [
      ...behind,
      limit,
    ])
    const rows = found.map(({ line }) => [line])
    const last = found.at(-1)
    return last === undefined || found.length < limit ? { rows } : { rows, next: [last.at, last.place] }
  }

  async write(_kind: string, rows: readonly ArchivedRow[]): Promise<void> {
    await keepEvents(this.#database, eventRows(rows))
  }

  /** What was told twice is there once, and in the order of its time. */
  async lacks(_kind: string, rows: readonly ArchivedRow[]): Promise<number> {
    const events = new Map(eventRows(rows).map((row) => [`${row.at} ${row.identity}`, row]))
    if (events.size === 0) return 0
    const [found] = await this.#database.rows<{ known: number }>(KNOWN, [
      `{${[...events.values()].map(({ at }) => at).join(',')}}`,
      `{${[...events.values()].map(({ identity }) => identity).join(',')}}`,
    ])
    return events.size - (found?.known ?? 0)
  }

  async seal(): Promise<void> {
    // Places are given by the table.
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function eventRows(rows: readonly ArchivedRow[]): NonNullable<ReturnType<typeof eventRow>>[] {
  return rows
    .map(([line]) => eventRow(JSON.parse(line as string) as JourneyEvent))
    .filter((row) => row !== undefined)
}
