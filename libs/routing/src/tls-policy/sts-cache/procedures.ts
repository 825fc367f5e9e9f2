// Imported by the SQL worker.

import type { Database, ProcedureModule } from '@cartero/sql'
import type { StoredStsPolicy } from './port.ts'

export type StsCacheProcedures = ReturnType<typeof prepare>

/** Script n brings the schema from version n to n + 1. Never edited once released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE policy (
    domain     TEXT PRIMARY KEY,
    id         TEXT NOT NULL,
    text       TEXT NOT NULL,
    fetchedAt  INTEGER NOT NULL,
    expiresAt  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX policyByExpiry ON policy (expiresAt);
  `,
]

function prepare(database: Database) {
  const select = database.prepare('SELECT * FROM policy WHERE domain = ? AND expiresAt > ?')
  const insert = database.prepare('INSERT OR REPLACE INTO policy VALUES (?, ?, ?, ?, ?)')
  const count = database.prepare('SELECT count(*) AS number FROM policy')
  const trim = database.prepare(
    'DELETE FROM policy WHERE domain IN (SELECT domain FROM policy ORDER BY expiresAt LIMIT ?)',
  )
  return {
    get: ({
      domain,
      now,
    }: {
      readonly domain: string
      readonly now: number
    }): StoredStsPolicy | undefined => {
      const row = select.get(domain, now)
      return row && ({ ...row } as unknown as StoredStsPolicy)
    },
    put: ({ policy, limit }: { readonly policy: StoredStsPolicy; readonly limit: number }): void => {
      const { domain, id, text, fetchedAt, expiresAt } = policy
      insert.run(domain, id, text, fetchedAt, expiresAt)
      const surplus = Number(count.get()?.['number']) - limit
      if (surplus > 0) trim.run(surplus)
    },
  }
}

const procedures: ProcedureModule<StsCacheProcedures> = { migrations, prepare }

// oxlint-disable-next-line import/no-default-export -- the worker loads procedures by their default export
export default procedures
