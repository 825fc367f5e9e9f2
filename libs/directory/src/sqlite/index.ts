/**
 * The directory in a SQLite file.
 * @packageDocumentation
 */
import { SqlError, type SqlStore, type SqlWorker } from '@cartero/sql'
import type { Directory, DirectoryOptions } from '../directory.ts'
import { DirectoryError } from '../directory-error.ts'
import { type AskStore, LocalDirectory } from '../local-directory.ts'
import type { DirectoryVerbs } from '../verbs.ts'

export interface SqliteDirectoryOptions extends DirectoryOptions {
  /** Shared with other stores; the directory closes its database, not the worker. */
  readonly worker: SqlWorker
  /** Path of the database; it is made when there is none. Its folder must exist. */
  readonly file: string
}

/** Opens the directory. Rejects with SqlError, in words for the operator, when the file cannot be used. */
export async function openSqliteDirectory(options: SqliteDirectoryOptions): Promise<Directory> {
  const { worker, file, ...rest } = options
  const procedures = new URL('./procedures.ts', import.meta.url)
  const store = await worker.open<DirectoryVerbs>({ file, procedures })
  return new LocalDirectory({ ...rest, ask: asking(store), close: () => store.close() })
}

function asking(store: SqlStore<DirectoryVerbs>): AskStore {
  return (verb, ...argument) => store.call(verb, ...argument).catch(translate)
}

/** A full or busy disk passes; a bug does not, and stays what it is. */
function translate(error: unknown): never {
  if (error instanceof SqlError && error.fault !== 'bug' && error.fault !== 'constraint') {
    throw new DirectoryError(
      'unavailable',
      'the directory cannot be reached at the moment: try again later',
      {
        cause: error,
      },
    )
  }
  throw error
}
