import type { SqlWorker } from '@cartero/sql'
import { SqliteTables, type Archive } from '@cartero/sql/archive'
import type { TableProcedures } from '@cartero/sql/archive/procedures'
import { ARCHIVED_DIRECTORY } from '../archive.ts'

/** All that a directory in a file keeps; nobody else has it open. Rejects with SqlError. */
export async function openSqliteDirectoryArchive(worker: SqlWorker, file: string): Promise<Archive> {
  const procedures = new URL('./archive-procedures.ts', import.meta.url)
  return new SqliteTables(await worker.open<TableProcedures>({ file, procedures }), ARCHIVED_DIRECTORY)
}
