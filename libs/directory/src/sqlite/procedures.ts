// Imported by the SQL worker.

import type { ProcedureModule } from '@cartero/sql'
import { directoryVerbs, type DirectoryVerbs } from '../verbs.ts'
import { migrations } from './schema.ts'
import { SqlRecords } from './sql-records.ts'

const procedures: ProcedureModule<DirectoryVerbs> = {
  migrations,
  prepare: (database) => directoryVerbs(new SqlRecords(database)),
}

// oxlint-disable-next-line import/no-default-export -- the worker loads procedures by their default export
export default procedures
