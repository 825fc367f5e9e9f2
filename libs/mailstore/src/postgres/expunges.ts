import { type Queries, statement } from '@cartero/sql/postgres'

import type { MailStoreLimits } from '../limits.ts'
import type { MailboxState } from '../mailbox-row.ts'
import { inPortions, numbers } from './columns.ts'
import { countOut, type MessageLine } from './messages.ts'

const remember = statement(
  'INSERT INTO expunge (mailbox, modseq, uid) SELECT $1::bigint, $2::bigint, uid FROM unnest($3::bigint[]) AS uid',
)
const forget = statement(
  `WITH oldest AS (SELECT modseq, uid FROM expunge WHERE mailbox = $1 ORDER BY modseq, uid LIMIT $2),
     gone AS (DELETE FROM expunge USING oldest
       WHERE mailbox = $1 AND expunge.modseq = oldest.modseq AND expunge.uid = oldest.uid)
   SELECT MAX(modseq) AS modseq FROM oldest`,
)
const removeMessages = statement('DELETE FROM message WHERE mailbox = $1 AND uid = ANY($2::bigint[])')
const removeRecords = statement('DELETE FROM record WHERE id = ANY($1::bigint[])')

/**
 * Removes lines of a mailbox, and their records too unless these have a new owner. The mailbox's modseq was moved before; the state is saved
 * by the caller.
 */
export async function removeLines(
  queries: Queries,
  state: MailboxState,
  lines: readonly MessageLine[],
  { rememberedExpunges, records }: Pick<MailStoreLimits, 'rememberedExpunges'> & { records: 'drop' | 'keep' },
): Promise<void> {
  if (lines.length === 0) return
  await inPortions(lines, (portion) => {
    const uids = numbers(portion.map(({ uid }) => uid))
    return Promise.all([
      queries.run(removeMessages, [state.id, uids]),
      records === 'drop' && queries.run(removeRecords, [numbers(portion.map(({ record }) => record))]),
      queries.run(remember, [state.id, state.modseq, uids]),
    ])
  })
  countOut(state, lines)
  const excess = state.remembered - rememberedExpunges
  if (excess <= 0) return
  const [last] = await queries.rows<{ modseq: number }>(forget, [state.id, excess])
  state.forgotten = last?.modseq ?? state.forgotten
  state.remembered -= excess
}
