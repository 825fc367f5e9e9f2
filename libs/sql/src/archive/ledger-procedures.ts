// Imported by the SQL worker.

import type { Database, ProcedureModule } from '../procedures.ts'
import type { Advance, Moved } from './copy-ledger.ts'

export type LedgerProcedures = ReturnType<typeof prepare>

const migrations = [
  `
  CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- How far each kind has come; cursor is JSON, or NULL at the beginning.
  CREATE TABLE place (work TEXT PRIMARY KEY, cursor TEXT, isDone INTEGER NOT NULL, done INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE moved (source TEXT PRIMARY KEY, target TEXT NOT NULL, size INTEGER NOT NULL, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;
  `,
]

function prepare(database: Database) {
  const fact = database.prepare('SELECT value FROM fact WHERE name = ?')
  const putFact = database.prepare('INSERT OR REPLACE INTO fact VALUES (?, ?)')
  const place = database.prepare('SELECT cursor, isDone, done FROM place WHERE work = ?')
  const putPlace = database.prepare('INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?)')
  const forgetPlaces = database.prepare('DELETE FROM place')
  const target = database.prepare('SELECT target FROM moved WHERE source = ?')
  const putMoved = database.prepare('INSERT OR IGNORE INTO moved VALUES (?, ?, ?, ?)')
  const list = database.prepare(
    'SELECT source, target, size, digest FROM moved WHERE source > ? ORDER BY source LIMIT ?',
  )
  const sum = database.prepare('SELECT count(*) AS contents, coalesce(sum(size), 0) AS octets FROM moved')
  return {
    fact: (name: string) => fact.get(name)?.['value'] as string | undefined,
    putFact: ({ name, value }: { readonly name: string; readonly value: string }): void =>
      void putFact.run(name, value),
    place: (work: string) =>
      place.get(work) as { cursor: string | null; isDone: number; done: number } | undefined,
    forgetPlaces: (): void => void forgetPlaces.run(),
    advance: ({ work, next, isDone, done, moved = [] }: Advance): void => {
      for (const { source, target, size, digest } of moved) putMoved.run(source, target, size, digest)
      putPlace.run(work, next === undefined ? null : JSON.stringify(next), Number(isDone), done)
    },
    targets: (sources: readonly string[]) =>
      sources.map((source) => target.get(source)?.['target'] as string | undefined),
    list: ({ after, limit }: { readonly after: string; readonly limit: number }) =>
      list.all(after, limit) as unknown as Moved[],
    sum: () => sum.get() as unknown as { contents: number; octets: number },
  }
}

const ledger: ProcedureModule<LedgerProcedures> = { migrations, prepare }

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default ledger
