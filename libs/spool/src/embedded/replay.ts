import type { ContentLog, LogPosition } from '@cartero/content'
import type { SqlStore } from '@cartero/sql'

import { decodeLabel } from './label.ts'
import type { SpoolProcedures } from './procedures.ts'
import { KeptEntry, rowOf } from './rows.ts'

/** Messages that are recorded at once. */
const PAGE = 500

/**
 * Reads the log from the replay position and records what is not known yet: messages that were accepted shortly before
 * the last end of the process. Some of them may have been delivered already; that is told by their delivery ids.
 * Returns the new replay position.
 */
export async function replay(
  log: ContentLog,
  store: SqlStore<SpoolProcedures>,
  now: number,
  from: LogPosition | undefined,
): Promise<LogPosition> {
  const { end } = log
  let page: KeptEntry[] = []
  for await (const found of log.scan(from)) {
    page.push(suspect(new KeptEntry(decodeLabel(found), now, 0)))
    if (page.length < PAGE) continue
    await record(store, page, found.next)
    page = []
  }
  await record(store, page, end)
  await store.call('sweep')
  log.forgetLabelsBefore(end)
  return end
}

/** It may have been what ended the process. */
function suspect(entry: KeptEntry): KeptEntry {
  entry.crashes = 1
  return entry
}

async function record(
  store: SqlStore<SpoolProcedures>,
  page: readonly KeptEntry[],
  replayed: LogPosition,
): Promise<void> {
  const known = new Set(
    await store.call(
      'known',
      page.map((entry) => entry.message.queueId),
    ),
  )
  const records = page.filter((entry) => !known.has(entry.message.queueId)).map((entry) => rowOf(entry, true))
  await store.call('replayed', { records, replay: replayed })
}
