import type { ContentLog, LogPosition } from '@cartero/content'
import type { SqlStore } from '@cartero/sql'

import type { QueueId } from '../ports.ts'
import { decodeClosing, decodeLabel } from './label.ts'
import type { SpoolProcedures } from './procedures.ts'
import { KeptEntry, rowOf } from './rows.ts'

/** Messages, and messages that are over, that are recorded at once. */
const PAGE = 500

/**
 * Reads the log from the replay position and records what is not known yet: messages that were accepted shortly before
 * the last end of the process. Some of them may have been delivered already; that is told by their delivery ids. What the log
 * says is over is let go: what says so always stands behind the message itself.
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
  let over: QueueId[] = []
  for await (const found of log.scan(from)) {
    const closed = decodeClosing(found)
    if (closed !== undefined) over.push(...closed)
    else page.push(suspect(new KeptEntry(decodeLabel(found), now, 0)))
    if (page.length + over.length < PAGE) continue
    await record(store, { page, over, replay: found.next })
    page = []
    over = []
  }
  await record(store, { page, over, replay: end })
  await store.call('sweep')
  log.forgetLabelsBefore(end)
  return end
}

/** It may have been what ended the process. */
function suspect(entry: KeptEntry): KeptEntry {
  entry.crashes = 1
  return entry
}

interface Found {
  readonly page: readonly KeptEntry[]
  readonly over: readonly QueueId[]
  readonly replay: LogPosition
}

async function record(store: SqlStore<SpoolProcedures>, { page, over, replay }: Found): Promise<void> {
  const isOver = new Set(over)
  const open = page.filter((entry) => !isOver.has(entry.message.queueId))
  const known = new Set(
    await store.call(
      'known',
      open.map((entry) => entry.message.queueId),
    ),
  )
  const records = open.filter((entry) => !known.has(entry.message.queueId)).map((entry) => rowOf(entry, true))
  await store.call('replayed', { records, done: over, replay })
}
