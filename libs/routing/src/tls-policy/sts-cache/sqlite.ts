import type { SqlStore, SqlWorker } from '@cartero/sql'
import { MAX_STORED_POLICIES, type StoredStsPolicy, type StsCache } from './port.ts'
import type { StsCacheProcedures } from './procedures.ts'

export interface SqliteStsCacheOptions {
  /** Shared with other stores; the cache closes its database, not the worker. */
  readonly worker: SqlWorker
  /** Path of the database; it is made when there is none. Its folder must exist. */
  readonly file: string
  /** MAX_STORED_POLICIES when absent. */
  readonly limit?: number
}

/** Policies in a SQLite file. */
export interface SqliteStsCache extends StsCache {
  close(): Promise<void>
}

/** Rejects with SqlError, in words for the operator, when the file cannot be used. */
export async function openSqliteStsCache(options: SqliteStsCacheOptions): Promise<SqliteStsCache> {
  const { worker, file, limit = MAX_STORED_POLICIES } = options
  const procedures = new URL('./procedures.ts', import.meta.url)
  const store: SqlStore<StsCacheProcedures> = await worker.open<StsCacheProcedures>({ file, procedures })
  return {
    get: (domain: string, now: number): Promise<StoredStsPolicy | undefined> =>
      store.call('get', { domain, now }),
    put: (policy: StoredStsPolicy): Promise<void> => store.call('put', { policy, limit }),
    close: () => store.close(),
  }
}
