import type { Archive } from '@cartero/sql/archive'
import { PostgresTables } from '@cartero/sql/archive/postgres'
import { checkVersion, type Postgres } from '@cartero/sql/postgres'

import { ARCHIVED_MAILSTORE } from '../archive.ts'
import { MAILSTORE_SCHEMA } from './schema.ts'

/** All that a mailstore in Postgres keeps; nobody uses it meanwhile. Rejects with SqlError. */
export async function openPostgresMailStoreArchive(database: Postgres): Promise<Archive> {
  await checkVersion(database, MAILSTORE_SCHEMA)
  return new PostgresTables(database, ARCHIVED_MAILSTORE)
}
