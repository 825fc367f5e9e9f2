/**
 * Mail in Postgres, for any number of processes at once.
 * @packageDocumentation
 */
import type { NewsBoard } from '@cartero/bus'
import { checkSchema, type Postgres } from '@cartero/sql/postgres'
import { systemClock } from '@cartero/wire'

import { defaultLimits, type MailStoreLimits } from '../limits.ts'
import { MAILSTORE_SCHEMA } from './schema.ts'
import { PostgresMailStore, type StoreClock } from './store.ts'

export { CATCH_UP_INTERVAL } from './catch-up.ts'
export { NEWS_SHARDS, newsSubject } from './news.ts'
export { MAILSTORE_SCHEMA, type PostgresMailStore }

export interface PostgresMailStoreOptions {
  /** With the schema `MAILSTORE_SCHEMA`; closed by whoever made it. */
  readonly database: Postgres
  /** On which processes tell each other what they changed: `mailbox.<shard>`. */
  readonly news: NewsBoard
  readonly clock?: StoreClock
  readonly limits?: Partial<MailStoreLimits>
}

/** Opens the mailstore; it was migrated before. Throws SqlError in words for the operator. */
export async function openPostgresMailStore(options: PostgresMailStoreOptions): Promise<PostgresMailStore> {
  const { database, news, clock = systemClock, limits } = options
  await checkSchema(database, MAILSTORE_SCHEMA)
  return new PostgresMailStore({ database, news, clock, limits: { ...defaultLimits, ...limits } })
}
