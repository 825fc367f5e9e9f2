import type { Archive } from '@cartero/sql/archive'
import { PostgresTables } from '@cartero/sql/archive/postgres'
import { checkVersion, type Postgres } from '@cartero/sql/postgres'
import { ARCHIVED_DIRECTORY } from '../archive.ts'
import { DIRECTORY_SCHEMA } from './schema.ts'

/** All that a directory in Postgres keeps; nobody uses it meanwhile. Rejects with SqlError. */
export async function openPostgresDirectoryArchive(database: Postgres): Promise<Archive> {
  await checkVersion(database, DIRECTORY_SCHEMA)
  return new PostgresTables(database, ARCHIVED_DIRECTORY)
}
