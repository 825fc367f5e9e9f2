import { type Queries, statement } from '@cartero/sql/postgres'

import type { MailStoreLimits } from '../limits.ts'
import type { MailboxState } from '../mailbox-row.ts'
import { MailStoreError, type AccountId, type CopiedMessages, type MailboxId } from '../ports.ts'
import { existingOwner, octetsUsed, roomOf } from './accounts.ts'
import { inPortions, numbers } from './columns.ts'
import { removeLines } from './expunges.ts'
import { mailboxesAt, saveMailboxes, selectedMailbox } from './mailboxes.ts'
import { countIn, KeywordUse, linesOf, mayOverflow, type MessageLine } from './messages.ts'

const insert = statement(
  `INSERT INTO message (mailbox, uid, modseq, record, size, flags, keywords)
   SELECT $1::bigint, uid, $2::bigint, record, size, flags, keywords
   FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[])
     AS given (uid, record, size, flags, keywords)`,
)
const copyRecords = statement(
  `WITH copied AS MATERIALIZED (
     SELECT nextval('record_number') AS fresh, given.id, given.place
     FROM unnest($1::bigint[]) WITH ORDINALITY AS given (id, place)
   ), inserted AS (
     INSERT INTO record (id, internal_date, size, content, prefix, structure)
     SELECT fresh, internal_date, size, content, prefix, structure FROM copied JOIN record USING (id)
   )
   SELECT fresh FROM copied ORDER BY place`,
)

export interface CopyAsked {
  readonly from: MailboxId
  readonly uids: Uint32Array
  readonly account: AccountId
  readonly to: string
}

export interface CopyAnswer extends CopiedMessages {
  /** The target, and the source. */
  readonly changed: readonly MailboxId[]
}

interface Transfer {
  readonly source: MailboxState
  /** The same object as `source` when they are one mailbox. */
  readonly target: MailboxState
  readonly lines: readonly MessageLine[]
  readonly limits: MailStoreLimits
}

/** Throws `noMailbox`, `overQuota`. */
export async function copyMessages(
  queries: Queries,
  asked: CopyAsked,
  limits: MailStoreLimits,
): Promise<CopyAnswer> {
  const transfer = await prepared(queries, asked, limits)
  const copied: number[] = []
  await inPortions(transfer.lines, async (portion) => {
    const originals = numbers(portion.map(({ record }) => record))
    const rows = await queries.rows<{ fresh: number }>(copyRecords, [originals])
    for (const { fresh } of rows) copied.push(fresh)
  })
  const targets = await addLines(queries, transfer, copied)
  await saveMailboxes(queries, [transfer.target])
  return answerOf(transfer, targets)
}

/** Throws `noMailbox`, `overQuota` (uids). */
export async function moveMessages(
  queries: Queries,
  asked: CopyAsked,
  limits: MailStoreLimits,
): Promise<CopyAnswer> {
  const transfer = await prepared(queries, asked, limits, true)
  return answerOf(transfer, await moveLines(queries, transfer))
}

/** The originals vanish after the copies are there; the records change hands. Both mailboxes are saved. Returns the new uids. */
export async function moveLines(queries: Queries, transfer: Transfer): Promise<readonly number[]> {
  const { source, target, lines, limits } = transfer
  if (lines.length === 0) return []
  const targets = await addLines(
    queries,
    transfer,
    lines.map(({ record }) => record),
  )
  source.modseq++
  const { rememberedExpunges } = limits
  await removeLines(queries, source, lines, { rememberedExpunges, records: 'keep' })
  await saveMailboxes(queries, source === target ? [source] : [source, target])
  return targets
}

async function prepared(
  queries: Queries,
  { from, uids, account, to }: CopyAsked,
  limits: MailStoreLimits,
  free = false,
): Promise<Transfer> {
  // Questions that travel together are answered in this order: what is read is what is true under the lock.
  const [owner, source, [found], lines, used] = await Promise.all([
    existingOwner(queries, account),
    selectedMailbox(queries, from),
    mailboxesAt(queries, [account], [to]),
    linesOf(queries, from, uids),
    octetsUsed(queries, [account]),
  ])
  if (found === undefined || found.noSelect || source.account !== owner.id)
    throw new MailStoreError('noMailbox', `there is no ${to}`)
  const target = found.id === source.id ? source : found
  if (target.uidNext + lines.length > limits.lastUid + 1)
    throw new MailStoreError('overQuota', `${to} has no uids left`)
  const octets = lines.reduce((sum, { size }) => sum + size, 0)
  if (!free && octets > roomOf(owner, used))
    throw new MailStoreError('overQuota', 'the account has no room for the copies')
  return { source, target, lines, limits }
}

async function addLines(
  queries: Queries,
  { target, lines, limits }: Transfer,
  records: readonly number[],
): Promise<readonly number[]> {
  if (lines.length === 0) return []
  const use = new KeywordUse()
  const given = lines.map(({ keywords }) => keywords)
  if (mayOverflow(target, given, limits)) await use.read(queries, [target])
  target.modseq++
  const added = lines.map((line, at) => ({
    ...line,
    keywords: use.admit(target, line.keywords, limits),
    uid: countIn(target, line.size, line.flags),
    record: records[at] ?? 0,
  }))
  await inPortions(added, (portion) =>
    queries.run(insert, [
      target.id,
      target.modseq,
      numbers(portion.map(({ uid }) => uid)),
      numbers(portion.map(({ record }) => record)),
      numbers(portion.map(({ size }) => size)),
      numbers(portion.map(({ flags }) => flags)),
      portion.map(({ keywords }) => keywords),
    ]),
  )
  return added.map(({ uid }) => uid)
}

function answerOf({ source, target, lines }: Transfer, targets: readonly number[]): CopyAnswer {
  return {
    uidValidity: target.uidValidity,
    pairs: lines.map(({ uid }, at) => [uid, targets[at] ?? 0] as const),
    changed: lines.length === 0 ? [] : [target.id, source.id],
  }
}
