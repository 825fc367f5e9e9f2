import type { ContentId } from '@cartero/content'
import { statement, type Queries } from '@cartero/sql/postgres'

import { queueIdOf, numberOf } from '../ledger/entry.ts'
import { LAPSE_REASON, MAX_LAPSES } from '../ledger/item.ts'
import type { Delivery, DeliveryId, DeliveryRecipient, QueueId, SpooledMessage } from '../ports.ts'
import { nextHopOf, type DestinationName } from '../queue.ts'
import { decodeText } from './message-text.ts'
import type { OwnLease } from './own-leases.ts'
import type { SpoolParts } from './parts.ts'

/** Whoever let his lease end so often, one after the other, is not given it again. */
const LAPSES = `delivery.lapses + (picked.state = 'leased')::int`

/** Of a message that nobody has routed yet it is what its sender wants, which the router's deliveries get. */
export const NOT_BEFORE = 'not_before = CASE WHEN delivery.number = 0 THEN delivery.not_before ELSE 0 END'

/** A lease need not survive the server: what becomes of it is settled under the same id. */
export const UNSYNCED = `(SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL`

/**
 * The urgent first, then what was never deferred, then what has been due for longest: one look into the index for each urgency. What
 * somebody else is just taking is passed over.
 */
const take = (isSynced: boolean) =>
  statement(`
  WITH picked AS MATERIALIZED (
    SELECT lane.* FROM generate_series(-9, 9) AS urgencies (urgency), LATERAL (
      SELECT queue_id, number, due, state FROM delivery
      WHERE destination = $1 AND urgency = urgencies.urgency::smallint AND due <= $2::bigint
      ORDER BY due, queue_id, number LIMIT $3 FOR UPDATE SKIP LOCKED
    ) AS lane LIMIT $3
  ), leased AS (
    UPDATE delivery SET lapses = ${LAPSES}, ${NOT_BEFORE},
      state = CASE WHEN ${LAPSES} >= ${MAX_LAPSES} THEN 'held' ELSE 'leased' END,
      reason = CASE WHEN ${LAPSES} >= ${MAX_LAPSES} THEN '${LAPSE_REASON}' ELSE reason END,
      due = CASE WHEN ${LAPSES} >= ${MAX_LAPSES} THEN NULL ELSE $4::bigint END, holder = $5
    FROM picked WHERE delivery.queue_id = picked.queue_id AND delivery.number = picked.number
      ${isSynced ? '' : `AND ${UNSYNCED}`}
    RETURNING delivery.*, picked.due AS was_due
  )
  SELECT leased.queue_id, number, state, urgency, was_due, destination, recipients, attempts, reason, sender, sentence, is_only, size,
    accepted_at, text, content
  FROM leased JOIN message ON message.queue_id = leased.queue_id`)

const TAKE = take(true)
const TAKE_UNSYNCED = take(false)

const LEASED_UNTIL = statement(`
  SELECT queue_id, number FROM delivery
  WHERE destination = $1 AND urgency IN (SELECT generate_series(-9, 9)::smallint) AND due = $2::bigint
    AND state = 'leased' AND holder = $3`)

/** The lease has ended, and somebody has to look; or it was given back untouched. */
const back = (isLapse: boolean) =>
  statement(`
  UPDATE delivery SET holder = NULL, ${NOT_BEFORE}, due = CASE WHEN ${HELD(isLapse)} THEN NULL ELSE 0 END,
    state = CASE WHEN ${HELD(isLapse)} THEN 'held' ELSE 'ready' END,
    reason = CASE WHEN ${HELD(isLapse)} THEN '${LAPSE_REASON}' ELSE reason END, lapses = lapses + ${isLapse ? 1 : 0}
  FROM unnest($1::text[], $2::int[]) AS given (queue_id, number)
  WHERE delivery.queue_id = given.queue_id AND delivery.number = given.number AND state = 'leased' AND holder = $3
    ${isLapse ? 'AND due <= $4::bigint' : ''}
  RETURNING destination, urgency, state`)

function HELD(isLapse: boolean): string {
  return isLapse ? `lapses + 1 >= ${MAX_LAPSES}` : 'false'
}

const GIVE_BACK = back(false)
const LAPSE = back(true)

interface TakenRow {
  readonly queue_id: QueueId
  readonly number: number
  readonly state: 'leased' | 'held'
  readonly urgency: number
  readonly was_due: number
  readonly destination: DestinationName
  readonly recipients: string
  readonly attempts: number
  readonly reason: string
  readonly sender: string | null
  readonly sentence: 'return' | 'expire' | null
  readonly is_only: boolean
  readonly size: number
  readonly accepted_at: number
  readonly text: Buffer
  readonly content: ContentId
}

export interface Wanted {
  /** '' for what nobody has routed yet. */
  readonly destination: DestinationName
  readonly limit: number
  /** Time when the leases end. */
  readonly until: number
  readonly isSynced: boolean
}

export interface Taken {
  readonly deliveries: readonly Delivery[]
  readonly leases: readonly OwnLease[]
  /** There was no more. */
  readonly isShort: boolean
}

/** What is ready again, or held. */
export interface Returned {
  readonly destination: DestinationName
  readonly urgency: number
  readonly state: 'ready' | 'held'
}

/** Leases what is due for a destination. Nobody else gets it until the lease ends. */
export async function takeDue(
  { database, clock, holder, trouble }: SpoolParts,
  wanted: Wanted,
): Promise<Taken> {
  const now = clock.now()
  const { destination, limit, until, isSynced } = wanted
  const asked = [destination, now, limit, until, holder]
  const rows = (await database.rows<TakenRow>(isSynced ? TAKE : TAKE_UNSYNCED, asked)).toSorted(inOrder)
  const leases: OwnLease[] = []
  const deliveries: Delivery[] = []
  for (const row of rows) {
    if (row.state === 'held') continue
    try {
      const delivery = deliveryOf(row)
      deliveries.push(delivery)
      const isUnrouted = destination === ''
      leases.push({
        id: delivery.id,
        destination,
        isOnly: row.is_only,
        ...(isUnrouted && { message: delivery.message }),
      })
    } catch (error) {
      // Of a newer version, which may get it when our lease is over; if nobody can read it, it is held.
      trouble(error)
    }
  }
  return { deliveries, leases, isShort: rows.length < limit }
}

/** What this process has leased that ends then, whether it has heard of it or not. */
export async function leasedUntil(
  { database, holder }: SpoolParts,
  { destination, until }: Pick<Wanted, 'destination' | 'until'>,
): Promise<readonly DeliveryId[]> {
  const rows = await database.rows<Pick<TakenRow, 'queue_id' | 'number'>>(LEASED_UNTIL, [
    destination,
    until,
    holder,
  ])
  return rows.map(idOf)
}

/** Ends own leases: given back untouched, or at their end. */
export async function returnLeases(
  parts: Pick<SpoolParts, 'clock' | 'holder'> & { readonly database: Queries },
  ids: readonly DeliveryId[],
  isLapse: boolean,
): Promise<readonly Returned[]> {
  const given = [...keysOf(ids), parts.holder]
  return isLapse
    ? await parts.database.rows<Returned>(LAPSE, [...given, parts.clock.now()])
    : await parts.database.rows<Returned>(GIVE_BACK, given)
}

/** Queue ids and numbers, for a statement. */
export function keysOf(
  ids: readonly DeliveryId[],
): [queueIds: readonly QueueId[], numbers: readonly number[]] {
  return [ids.map(queueIdOf), ids.map(numberOf)]
}

export function idOf({ queue_id, number }: Pick<TakenRow, 'queue_id' | 'number'>): DeliveryId {
  return `${queue_id}.${number}` as DeliveryId
}

function deliveryOf(row: TakenRow): Delivery {
  return {
    id: idOf(row),
    message: messageOf(row),
    nextHop: nextHopOf(row.destination),
    recipients: JSON.parse(row.recipients) as DeliveryRecipient[],
    attempts: row.attempts,
    reason: row.reason,
    ...(row.sender !== null && { sender: row.sender }),
    ...(row.sentence !== null && { sentence: row.sentence }),
  }
}

function messageOf({ queue_id, text, content, size, accepted_at }: TakenRow): SpooledMessage {
  return { queueId: queue_id, ...decodeText(text), content, size, acceptedAt: accepted_at }
}

function inOrder(a: TakenRow, b: TakenRow): number {
  return (
    a.urgency - b.urgency ||
    a.was_due - b.was_due ||
    (a.queue_id === b.queue_id ? a.number - b.number : a.queue_id < b.queue_id ? -1 : 1)
  )
}
