import { tableProcedures, type TableProcedures } from '@cartero/sql/archive/procedures'
import type { ProcedureModule } from '@cartero/sql/procedures'

import { ARCHIVED_MAILSTORE } from '../../archive.ts'
import { migrations } from './schema.ts'

const archive: ProcedureModule<TableProcedures> = {
  migrations,
  prepare: (database) => tableProcedures(database, ARCHIVED_MAILSTORE),
}

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default archive
