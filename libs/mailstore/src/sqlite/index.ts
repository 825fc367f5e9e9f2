import type { SqlWorker } from '@cartero/sql'

import { defaultLimits, type MailStoreLimits } from '../limits.ts'
import { SqliteMailStore } from './store.ts'
import type { MailStoreProcedures } from './worker/procedures.ts'

export type { SqliteMailStore }

export interface SqliteMailStoreOptions {
  /** Runs the database; shared with others, and closed by whoever made it. */
  readonly worker: SqlWorker
  /** Path of the database; its directory must exist. */
  readonly file: string
  readonly clock?: { now(): number }
  readonly limits?: Partial<MailStoreLimits>
  /** Page cache, in KiB. Default 8,192: the leaves of the mailboxes that are being delivered to and read. */
  readonly cacheKiB?: number
}

const defaultCacheKiB = 8_192

/** Opens or creates the mailstore of one machine. Throws SqlError in words for the operator. */
export async function openSqliteMailStore(options: SqliteMailStoreOptions): Promise<SqliteMailStore> {
  const { worker, file, clock = Date, limits, cacheKiB = defaultCacheKiB } = options
  const procedures = new URL('./worker/procedures.ts', import.meta.url)
  const sql = await worker.open<MailStoreProcedures>({ file, procedures, cacheKiB })
  return new SqliteMailStore(sql, clock, { ...defaultLimits, ...limits })
}
