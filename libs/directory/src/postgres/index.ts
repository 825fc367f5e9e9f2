/**
 * The directory in Postgres, for several processes.
 * @packageDocumentation
 */
import type { NewsBoard } from '@cartero/bus'
import { checkSchema, type Postgres } from '@cartero/sql/postgres'
import type { Directory, DirectoryOptions } from '../directory.ts'
import { LocalDirectory } from '../local-directory.ts'
import { DIRECTORY_SCHEMA } from './schema.ts'
import { verbsOverPostgres } from './verbs-over-postgres.ts'

export { DIRECTORY_SCHEMA } from './schema.ts'

/** The news that something of the directory has changed; its body is the account, or empty. */
export const DIRECTORY_CHANGED = 'directory.changed'

export interface PostgresDirectoryOptions extends DirectoryOptions {
  /** Its schema is of the version that is needed (`cartero migrate`). Whoever opened it closes it, after the directory. */
  readonly database: Postgres
  /** Other processes hear by it what was written here, and forget what they remember. Without it they notice after a while. */
  readonly news?: NewsBoard
}

/** Opens the directory. Rejects with SqlError, in words for the operator, when the database cannot be used. */
export async function openPostgresDirectory(options: PostgresDirectoryOptions): Promise<Directory> {
  const { database, news, ...rest } = options
  await checkSchema(database, DIRECTORY_SCHEMA)
  const ears = new AbortController()
  const directory = new LocalDirectory({
    ...rest,
    ask: verbsOverPostgres(database),
    changed: (account) => news?.tell(DIRECTORY_CHANGED, Buffer.from(account)),
    close: () => {
      ears.abort()
      return Promise.resolve()
    },
  })
  news?.hear(DIRECTORY_CHANGED, ({ body }) => directory.forget(Buffer.from(body).toString()), ears.signal)
  return directory
}
