import type { Database, ProcedureModule } from '@cartero/sql/procedures'

import { prepareStart } from './crash-recovery.ts'
import { prepareReads } from './row-reader.ts'
import { prepareWrites } from './row-writer.ts'
import { LOADED, MIGRATIONS } from './schema.ts'
import type { DeliveryRow, MessageRow } from './rows.ts'

export type SpoolArchiveProcedures = ReturnType<typeof prepare>

function prepare(database: Database) {
  database.exec(LOADED)
  const page = database.prepare('SELECT * FROM message WHERE queueId > ? ORDER BY queueId LIMIT ?')
  const deliveries = database.prepare('SELECT * FROM delivery WHERE queueId = ? ORDER BY number')
  const contents = database.prepare(
    'SELECT DISTINCT content FROM message WHERE content > ? ORDER BY content LIMIT ?',
  )
  const count = database.prepare('SELECT count(*) AS n FROM message')
  return {
    ...prepareWrites(database),
    ...prepareReads(database),
    ...prepareStart(database),
    page: ({ after, limit }: { readonly after: string; readonly limit: number }) =>
      page.all(after, limit).map((row) => ({
        ...row,
        deliveries: deliveries.all(row['queueId'] as string) as unknown as DeliveryRow[],
      })) as unknown as (Omit<MessageRow, 'isRouted' | 'isBusy' | 'isWaiting'> & { isRouted: number })[],
    contents: ({ after, limit }: { readonly after: string; readonly limit: number }) =>
      contents.all(after, limit).map((row) => row['content'] as string),
    messages: (): number => Number(count.get()?.['n']),
  }
}

const archive: ProcedureModule<SpoolArchiveProcedures> = { migrations: MIGRATIONS, prepare }

// oxlint-disable-next-line import/no-default-export -- the worker finds the procedures of a module there
export default archive
