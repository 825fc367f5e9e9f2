import type { NewsBoard } from '@cartero/bus'
import type { ContentStore } from '@cartero/content'
import type { Postgres } from '@cartero/sql/postgres'
import type { Clock } from '@cartero/wire'

/** What the parts of the spool share. */
export interface SpoolParts {
  readonly database: Postgres
  readonly content: ContentStore
  readonly news: NewsBoard
  readonly clock: Clock
  /** Whose leases are ours, in this life of the process. */
  readonly holder: string
  readonly trouble: (error: unknown) => void
}
