import { createControlSocket } from '@cartero/agent/admin'
import { SegmentContentLog } from '@cartero/content/segments'
import { openSqliteDirectoryArchive } from '@cartero/directory/sqlite/archive'
import { openSegmentArchive } from '@cartero/journey/segments/archive'
import { openSqliteMailStoreArchive } from '@cartero/mailstore/sqlite/archive'
import { openEmbeddedSpoolArchive } from '@cartero/spool/embedded/archive'
import type { SqlWorker } from '@cartero/sql'
import type { Archive } from '@cartero/sql/archive'

import type { DataFolder } from '../data-folder.ts'
import { MAINTENANCE } from '../status.ts'
import { inWords } from '../stores.ts'
import type { Side } from './side.ts'

/** Claims the folder as `cartero serve` does: neither starts while the other has it. Rejects with OperatorError. */
export async function claimFolder(
  { controlSocket }: DataFolder,
  closing: AsyncDisposableStack,
): Promise<void> {
  const claim = createControlSocket({ path: controlSocket, verbs: { status: async () => MAINTENANCE } })
  await claim.start?.(new AbortController().signal)
  closing.defer(() => claim.stop?.())
}

/** The stores of a data folder, which was claimed before. Rejects with OperatorError when the operator can mend it. */
export async function openEmbeddedSide(
  data: DataFolder,
  sql: SqlWorker,
  closing: AsyncDisposableStack,
): Promise<Side> {
  const keep = (archive: Archive): Archive => closing.adopt(archive, (open) => open.close())
  const content = closing.adopt(
    await inWords(SegmentContentLog.open({ directory: data.content, report: unheard })),
    (log) => log.close(),
  )
  return {
    content,
    archives: {
      directory: keep(await inWords(openSqliteDirectoryArchive(sql, data.directory))),
      mailstore: keep(await inWords(openSqliteMailStoreArchive(sql, data.mailStore))),
      spool: keep(await inWords(openEmbeddedSpoolArchive({ log: content, sql, file: data.spool }))),
      journey: keep(openSegmentArchive(data.journey)),
    },
  }
}

/** Of what is damaged, whoever reads it hears; what nobody refers to is nobody's loss. */
function unheard(): void {}
