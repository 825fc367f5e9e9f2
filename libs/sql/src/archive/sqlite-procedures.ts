// Imported by the SQL worker.

import type { Database } from '../procedures.ts'
import type { ArchiveCursor, ArchivedRow } from './ports.ts'
import type { ArchivedColumn, ArchivedTable, ArchivedTables } from './tables.ts'

export interface ReadArgument {
  readonly table: string
  readonly limit: number
  readonly after: ArchiveCursor | null
}

export interface WriteArgument {
  readonly table: string
  readonly rows: readonly ArchivedRow[]
}

export type TableProcedures = ReturnType<typeof tableProcedures>

/** Procedures by which the tables of a room are read and written as they are. */
export function tableProcedures(database: Database, { tables, numbered }: ArchivedTables) {
  const known = new Map(tables.map((table) => [table.name, statements(database, table)]))
  const last = database.prepare('SELECT seq FROM sqlite_sequence WHERE name = ?')
  const move = database.prepare('UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1')
  const begin = database.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)')
  const lastOf = (name: string): number | undefined => last.get(name)?.['seq'] as number | undefined
  return {
    archiveRead: ({ table, limit, after }: ReadArgument): ArchivedRow[] => {
      const { first, next } = known.get(table)!
      return (after === null ? first.all(limit) : next.all(...after, limit)) as never
    },
    archiveWrite: ({ table, rows }: WriteArgument): void => {
      const { insert, width, also } = known.get(table)!
      for (const row of rows) {
        insert.run(...row.slice(0, width))
        also?.run(...row)
      }
    },
    archiveCount: (table: string): number => Number(known.get(table)!.count.get()?.['n']),
    archiveContents: ({ limit, after }: { readonly limit: number; readonly after: string }): string[] =>
      [...known.values()]
        .flatMap(({ contents }) => contents?.all(after, limit) ?? [])
        .map((row) => row['content'] as string),
    archiveNumbers: (): ArchivedRow[] => numbered.map((name) => [name, lastOf(name) ?? 0]),
    archiveSetNumbers: (rows: readonly ArchivedRow[]): void => {
      for (const [name, number] of rows) {
        if (lastOf(String(name)) === undefined) begin.run(String(name), Number(number))
        else move.run(String(name), Number(number))
      }
    },
  }
}

/** Every name here is ours: of a list of tables, and never of what somebody sent. */
function statements(database: Database, table: ArchivedTable) {
  const { name, columns, key, content, isReplaced, also } = table
  const read = `SELECT ${columns.map(reading).join(', ')} FROM ${name}`
  const order = `ORDER BY ${key.join(', ')} LIMIT ?`
  const first = database.prepare(`${read} ${order}`)
  const next = database.prepare(
    `${read} WHERE (${key.join(', ')}) > (${key.map(() => '?').join(', ')}) ${order}`,
  )
  for (const statement of [first, next]) statement.setReturnArrays(true)
  const kept = columns.map((each, at) => ({ each, at })).filter(({ each }) => each.type !== 'list')
  const insert = database.prepare(
    `INSERT OR ${isReplaced ? 'REPLACE' : 'IGNORE'} INTO ${name} (${kept.map(({ each }) => each.sqlite ?? each.name).join(', ')})
     VALUES (${kept.map(({ each, at }) => (each.type === 'wide' ? `CAST(?${at + 1} AS INTEGER)` : `?${at + 1}`)).join(', ')})`,
  )
  return {
    first,
    next,
    insert,
    // A list stands last.
    width: kept.length,
    also: also === undefined ? undefined : database.prepare(also),
    count: database.prepare(`SELECT count(*) AS n FROM ${name}`),
    contents:
      content === undefined
        ? undefined
        : database.prepare(
            `SELECT DISTINCT ${content} AS content FROM ${name} WHERE ${content} > ? ORDER BY ${content} LIMIT ?`,
          ),
  }
}

function reading({ name, sqlite = name, type }: ArchivedColumn): string {
  return type === 'wide' ? `CAST(${sqlite} AS TEXT)` : sqlite
}
