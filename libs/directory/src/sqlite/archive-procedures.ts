// Imported by the SQL worker.

import type { ProcedureModule } from '@cartero/sql'
import { tableProcedures, type TableProcedures } from '@cartero/sql/archive/procedures'
import { ARCHIVED_DIRECTORY } from '../archive.ts'
import { migrations } from './schema.ts'

const procedures: ProcedureModule<TableProcedures> = {
  migrations,
  prepare: (database) => tableProcedures(database, ARCHIVED_DIRECTORY),
}

// oxlint-disable-next-line import/no-default-export -- the worker loads procedures by their default export
export default procedures
