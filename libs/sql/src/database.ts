import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { SqlError } from './error.ts'

/** How long a statement waits for another process (the CLI) before it fails as `busy`. All stores of the thread wait with it. */
export const BUSY_TIMEOUT_MS = 3_000

/** The write-ahead log is cut back to this after a checkpoint, so that one large batch does not keep its disk space. */
const WAL_LIMIT = 16 * 1024 * 1024

/** Opens or creates the file and brings it to the newest schema. Throws SqlError in words for an operator. */
export function openDatabase(file: string, migrations: readonly string[], cacheKiB: number): DatabaseSync {
  const isNew = file !== ':memory:' && !existsSync(file)
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: false })
  try {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA temp_store = MEMORY;
      PRAGMA cache_size = -${cacheKiB};
      PRAGMA journal_size_limit = ${WAL_LIMIT};
    `)
    migrate(database, file, migrations)
    database.exec('PRAGMA foreign_keys = ON')
    if (isNew) syncDirectory(dirname(file))
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function migrate(database: DatabaseSync, file: string, migrations: readonly string[]): void {
  let version = versionOf(database)
  if (version > migrations.length) throw newer(file, version, migrations.length)
  for (; version < migrations.length; version++) {
    database.exec('BEGIN IMMEDIATE')
    try {
      // Another process may have migrated while we waited for the lock.
      if (versionOf(database) === version) {
        database.exec(migrations[version] ?? '')
        database.exec(`PRAGMA user_version = ${version + 1}`)
      }
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
}

function newer(file: string, found: number, known: number): SqlError {
  return new SqlError(
    'io',
    `${file} was written by a newer version of Cartero (its schema is ${found}, this version knows ${known}): ` +
      'run the newer version again, or restore a backup made before the upgrade',
  )
}

/** A new file exists after a power loss only when its directory was synced. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
