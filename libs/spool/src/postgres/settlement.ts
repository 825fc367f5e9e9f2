import { statement, type Queries } from '@cartero/sql/postgres'

import { Entry } from '../ledger/entry.ts'
import { Item, type Ending } from '../ledger/item.ts'
import type { DeliveryRecipient, DeliveryState, Outcome, QueueId, SpooledMessage } from '../ports.ts'
import { nextHopOf, type DestinationName } from '../queue.ts'
import { plain } from './acceptance.ts'
import type { OwnLease } from './own-leases.ts'
import type { SpoolParts } from './parts.ts'
import { idOf, keysOf, UNSYNCED } from './taking.ts'

/** An outcome of a lease of ours. */
export interface Settled {
  readonly lease: OwnLease
  readonly outcome: Outcome
}

/** A delivery that somebody has to look at. */
export interface Moved {
  readonly destination: DestinationName
  readonly due: number
}

export interface Settlement {
  readonly moved: readonly Moved[]
  /** Messages that do not wait any more. */
  readonly done: number
}

const GIVEN = 'unnest($1::text[], $2::int[]) AS given (queue_id, number)'
/** Whoever lost his lease meanwhile has nothing to say. */
const IS_OURS = `state = 'leased' AND holder = $3 AND due > $4::bigint`

/** The usual end: the only delivery of a message is over, and the message with it. */
const finish = (isSynced: boolean) =>
  statement(`
  WITH gone AS (
    DELETE FROM delivery USING ${GIVEN}
    WHERE delivery.queue_id = given.queue_id AND delivery.number = given.number AND is_only AND ${IS_OURS}
      ${isSynced ? '' : `AND ${UNSYNCED}`}
    RETURNING delivery.queue_id
  ), over AS (
    DELETE FROM message USING gone WHERE message.queue_id = gone.queue_id RETURNING message.queue_id
  )
  SELECT count(*)::int AS done FROM over`)

const FINISH = finish(true)
/** What is in its mailbox is put there only once, whoever brings it again after a crash of the server. */
const FINISH_UNSYNCED = finish(false)

const LOCK = statement(`
  SELECT delivery.queue_id, delivery.number, destination, recipients, attempts, reason, sender, sentence, deliver_by
  FROM delivery JOIN ${GIVEN} USING (queue_id, number) WHERE ${IS_OURS}
  ORDER BY delivery.queue_id, delivery.number FOR UPDATE OF delivery`)

export const LOCK_MESSAGES = statement(
  'SELECT queue_id, open FROM message WHERE queue_id = ANY($1::text[]) ORDER BY queue_id FOR UPDATE',
)

const LAST_NUMBERS = statement(
  'SELECT queue_id, max(number) AS last FROM delivery WHERE queue_id = ANY($1::text[]) GROUP BY queue_id',
)

const WRITE = statement(`
  UPDATE delivery SET state = given.state, attempts = given.attempts, due = given.due, not_before = given.not_before,
    reason = given.reason, status = given.status, recipients = given.recipients, lapses = 0, crashes = 0, holder = NULL
  FROM unnest($1::text[], $2::int[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[])
    AS given (queue_id, number, state, attempts, due, not_before, reason, status, recipients)
  WHERE delivery.queue_id = given.queue_id AND delivery.number = given.number`)

/** Dead letters of their own, like the delivery that they were part of. */
const ADD = statement(`
  WITH divided AS (
    UPDATE delivery SET is_only = false FROM unnest($1::text[], $10::int[]) AS given (queue_id, number)
    WHERE delivery.queue_id = given.queue_id AND delivery.number = given.number
  )
  INSERT INTO delivery (queue_id, number, destination, urgency, state, attempts, due, not_before, deliver_by, accepted_at, size, is_only,
    reverse_path, recipients, reason, status, sender, sentence)
  SELECT given.queue_id, given.number, destination, urgency, given.state, given.attempts, given.due, given.not_before, deliver_by,
    accepted_at, size, false, reverse_path, given.recipients, given.reason, given.status, sender, sentence
  FROM unnest($1::text[], $2::int[], $3::text[], $4::int[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::int[])
    AS given (queue_id, number, state, attempts, due, not_before, reason, status, recipients, of)
  JOIN delivery ON delivery.queue_id = given.queue_id AND delivery.number = given.of`)

/** What waits of each message, after its deliveries. */
const REOPEN = statement(`
  UPDATE message SET open = counted.open FROM (
    SELECT queue_id, count(*) FILTER (WHERE state NOT IN ('delivered', 'failed', 'expired', 'removed'))::int AS open
    FROM delivery WHERE queue_id = ANY($1::text[]) GROUP BY queue_id
  ) AS counted WHERE message.queue_id = counted.queue_id AND message.open <> counted.open`)

/** Nothing waits, and no operator has to see anything. */
const CLEAR = statement(`
  WITH over AS (
    DELETE FROM message WHERE queue_id = ANY($1::text[]) AND open = 0 AND NOT EXISTS (
      SELECT 1 FROM delivery WHERE delivery.queue_id = message.queue_id AND state IN ('failed', 'expired'))
    RETURNING queue_id
  )
  DELETE FROM delivery USING over WHERE delivery.queue_id = over.queue_id`)

const OPEN = statement('SELECT queue_id FROM message WHERE queue_id = ANY($1::text[]) AND open > 0')

interface LockedRow {
  readonly queue_id: QueueId
  readonly number: number
  readonly destination: DestinationName
  readonly recipients: string
  readonly attempts: number
  readonly reason: string
  readonly sender: string | null
  readonly sentence: 'return' | 'expire' | null
  readonly deliver_by: number | null
}

/** Outcomes of what somebody else has leased since, or nobody, have no effect. */
export async function settleAll(
  parts: SpoolParts,
  settled: readonly Settled[],
  retention: number,
): Promise<Settlement> {
  const plainly = settled.filter(isFinished)
  const others = settled.filter((one) => !isFinished(one))
  let done = 0
  if (plainly.length > 0) done = await finishAll(parts, plainly)
  if (others.length === 0) return { moved: [], done }
  const settlement = await parts.database.transaction((queries) =>
    settleOthers(queries, others, { ...parts, retention }),
  )
  return { ...settlement, done: settlement.done + done }
}

async function finishAll(
  { database, clock, holder }: SpoolParts,
  settled: readonly Settled[],
): Promise<number> {
  const keys = keysOf(settled.map(({ lease }) => lease.id))
  const isSynced = settled.some(({ lease }) => lease.destination !== 'local')
  const statement = isSynced ? FINISH : FINISH_UNSYNCED
  const [row] = await database.rows<{ done: number }>(statement, [...keys, holder, clock.now()])
  return row?.done ?? 0
}

function isFinished({ lease, outcome }: Settled): boolean {
  return lease.isOnly && outcome.state === 'delivered'
}

async function settleOthers(
  queries: Queries,
  settled: readonly Settled[],
  { clock, holder, retention }: Pick<SpoolParts, 'clock' | 'holder'> & { readonly retention: number },
): Promise<Settlement> {
  const outcomes = new Map(settled.map(({ lease, outcome }) => [lease.id, outcome]))
  const keys = keysOf([...outcomes.keys()])
  const rows = await queries.rows<LockedRow>(LOCK, [...keys, holder, clock.now()])
  if (rows.length === 0) return { moved: [], done: 0 }
  const queueIds = [...new Set(rows.map(({ queue_id }) => queue_id))]
  const before = await queries.rows<{ open: number }>(LOCK_MESSAGES, [queueIds])
  const last = await queries.rows<{ queue_id: QueueId; last: number }>(LAST_NUMBERS, [queueIds])
  const entries = new Map(last.map((one) => [one.queue_id, entryOf(one)]))
  const ending = { now: clock.now(), retention }
  const ended = rows.map((row) =>
    settleRow(row, { entry: entries.get(row.queue_id)!, outcome: outcomes.get(idOf(row))!, ending }),
  )
  const written = ended.map(({ item }) => item)
  await queries.run(WRITE, columnsOf(written))
  const added = ended.flatMap(({ added, row }) => added.map((item) => ({ item, of: row.number })))
  if (added.length > 0)
    await queries.run(ADD, [...columnsOf(added.map(({ item }) => item)), added.map(({ of }) => of)])
  const { waiting } = await conclude(queries, queueIds)
  const waited = before.filter(({ open }) => open > 0).length
  return {
    moved: written.flatMap(({ destination, due }) => (due === null ? [] : [{ destination, due }])),
    done: waited - waiting,
  }
}

/** Messages after their deliveries: those of which nothing is left are gone. Returns how many of them wait. */
export async function conclude(
  queries: Queries,
  queueIds: readonly QueueId[],
): Promise<{ readonly waiting: number }> {
  await queries.run(REOPEN, [queueIds])
  await queries.run(CLEAR, [queueIds])
  return { waiting: (await queries.rows(OPEN, [queueIds])).length }
}

/** A message as far as its deliveries need it: they get their numbers from it. */
function entryOf({ queue_id, last }: { readonly queue_id: QueueId; readonly last: number }): Entry {
  const entry = new Entry({ queueId: queue_id, envelope: {} } as SpooledMessage)
  entry.items = Array.from({ length: last })
  return entry
}

class RowItem extends Item {
  readonly #deliverBy: number | null

  constructor(entry: Entry, row: LockedRow) {
    super(entry, idOf(row), {
      nextHop: nextHopOf(row.destination),
      recipients: JSON.parse(row.recipients) as DeliveryRecipient[],
      ...(row.sender !== null && { sender: row.sender }),
    })
    this.#deliverBy = row.deliver_by
    this.attempts = row.attempts
    this.reason = row.reason
    if (row.sentence !== null) this.sentence = row.sentence
  }

  /** Until then, or until its time is over if that is sooner. */
  // RFC 2852 §4
  override defer(notBefore: number, reason: string, now: number): void {
    const at = this.#deliverBy
    super.defer(at !== null && at > now ? Math.min(notBefore, at) : notBefore, reason, now)
  }
}

interface EndedRow {
  readonly row: LockedRow
  readonly item: WrittenItem
  readonly added: readonly WrittenItem[]
}

interface WrittenItem {
  readonly id: string
  readonly key: readonly [queueId: QueueId, number: number]
  readonly destination: DestinationName
  readonly state: DeliveryState
  readonly attempts: number
  readonly due: number | null
  readonly notBefore: number
  readonly reason: string
  readonly status: string
  readonly recipients: readonly DeliveryRecipient[]
}

function settleRow(
  row: LockedRow,
  { entry, outcome, ending }: { readonly entry: Entry; readonly outcome: Outcome; readonly ending: Ending },
): EndedRow {
  const item = new RowItem(entry, row)
  const first = entry.items!.length
  item.settle(outcome, ending)
  const added = entry.items!.slice(first).map((one, at) => writtenOf(one, [row.queue_id, first + at + 1]))
  return { row, item: writtenOf(item, [row.queue_id, row.number]), added }
}

function writtenOf(item: Item, key: WrittenItem['key']): WrittenItem {
  const { id, destination, state, attempts, notBefore, reason, status, recipients } = item
  const due = state === 'deferred' ? notBefore : null
  return { id, key, destination, state, attempts, due, notBefore, reason, status, recipients }
}

function columnsOf(items: readonly WrittenItem[]): readonly unknown[] {
  return [
    items.map(({ key }) => key[0]),
    items.map(({ key }) => key[1]),
    items.map(({ state }) => state),
    items.map(({ attempts }) => attempts),
    items.map(({ due }) => due),
    items.map(({ notBefore }) => notBefore),
    items.map(({ reason }) => plain(reason)),
    items.map(({ status }) => status),
    items.map(({ recipients }) => JSON.stringify(recipients)),
  ]
}
