import type { SqlWorker } from '@cartero/sql'
import { SqliteTables, type Archive } from '@cartero/sql/archive'
import type { TableProcedures } from '@cartero/sql/archive/procedures'

import { ARCHIVED_MAILSTORE } from '../archive.ts'

/** All that a mailstore in a file keeps; nobody else has it open. Rejects with SqlError. */
export async function openSqliteMailStoreArchive(worker: SqlWorker, file: string): Promise<Archive> {
  const procedures = new URL('./worker/archive.ts', import.meta.url)
  return new SqliteTables(await worker.open<TableProcedures>({ file, procedures }), ARCHIVED_MAILSTORE)
}
