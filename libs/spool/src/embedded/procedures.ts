import type { Database, ProcedureModule } from '@cartero/sql/procedures'

import { prepareStart } from './crash-recovery.ts'
import { prepareLanes } from './lane-reader.ts'
import { prepareChanges } from './row-changer.ts'
import { prepareLists } from './row-list.ts'
import { prepareReads } from './row-reader.ts'
import { prepareUncollected } from './uncollected-reader.ts'
import { prepareWrites } from './row-writer.ts'
import { LOADED, MIGRATIONS } from './schema.ts'

export type SpoolProcedures = ReturnType<typeof prepare>

function prepare(database: Database) {
  database.exec(LOADED)
  return {
    ...prepareWrites(database),
    ...prepareReads(database),
    ...prepareLanes(database),
    ...prepareLists(database),
    ...prepareChanges(database),
    ...prepareUncollected(database),
    ...prepareStart(database),
  }
}

const spool: ProcedureModule<SpoolProcedures> = { migrations: MIGRATIONS, prepare }

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default spool
