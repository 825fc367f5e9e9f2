import { statement, type Queries, type Statement } from '@cartero/sql/postgres'

import { CRASH_REASON, MAX_CRASHES } from '../ledger/crashes.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { NOT_BEFORE } from './taking.ts'

/** Of a holder, what follows the name of its owner: one life of a process. */
export const LIFE_CHARACTERS = 9

/** What a process held when it ended, it does not hold any more; what has ended it too often is held. A stretch of rows. */
const takeBack = (isHeld: string): Statement =>
  statement(`
  WITH stretch AS MATERIALIZED (
    SELECT queue_id, number, state, holder FROM delivery WHERE (queue_id, number) > ($2::text, $3::int)
    ORDER BY queue_id, number LIMIT $4
  ), back AS (
    UPDATE delivery SET crashes = crashes + 1, holder = NULL, ${NOT_BEFORE},
      state = CASE WHEN crashes + 1 >= ${MAX_CRASHES} THEN 'held' ELSE 'ready' END,
      reason = CASE WHEN crashes + 1 >= ${MAX_CRASHES} THEN '${CRASH_REASON}' ELSE reason END,
      due = CASE WHEN crashes + 1 >= ${MAX_CRASHES} THEN NULL ELSE 0 END
    FROM stretch WHERE delivery.queue_id = stretch.queue_id AND delivery.number = stretch.number
      AND stretch.state = 'leased' AND delivery.holder = stretch.holder AND ${isHeld}
  )
  SELECT queue_id AS "queueId", number FROM stretch ORDER BY queue_id DESC, number DESC LIMIT 1`)

const OF_OWNER = takeBack(`left(stretch.holder, -${LIFE_CHARACTERS}) = $1`)
const OF_HOLDER = takeBack('stretch.holder = $1')

/** All lives of a process of this name, which is that of one process at a time; or one life. */
export type Ended = { readonly owner: string } | { readonly holder: string }

/** No index of who holds what is kept for this, so a long queue is read, in stretches: some seconds for a million. */
export async function takeBackFrom(database: Queries, ended: Ended): Promise<void> {
  const [back, name] = 'owner' in ended ? [OF_OWNER, ended.owner] : [OF_HOLDER, ended.holder]
  let at: { readonly queueId: string; readonly number: number } | undefined = { queueId: '', number: 0 }
  while (at !== undefined) {
    const asked: readonly unknown[] = [name, at.queueId, at.number, POSTGRES_SPOOL_LIMITS.budget]
    ;[at] = await database.rows<{ queueId: string; number: number }>(back, asked)
  }
}
