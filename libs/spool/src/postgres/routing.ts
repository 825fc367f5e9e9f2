import { statement } from '@cartero/sql/postgres'

import { HELD_BACK } from '../ledger/item.ts'
import type { QueueId, Routed } from '../ports.ts'
import { destinationOf, type DestinationName } from '../queue.ts'
import { plain } from './acceptance.ts'
import type { SpoolParts } from './parts.ts'

/**
 * Number 0 becomes the deliveries of the router; only once, since it is there only once. What an operator holds stays. Need not be
 * synced: what is routed again after a crash of the server has the same numbers.
 */
const ROUTE = statement(`
  WITH gone AS (
    DELETE FROM delivery USING unnest($1::text[]) AS routed (queue_id)
    WHERE delivery.queue_id = routed.queue_id AND number = 0 AND state <> 'held'
      AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
    RETURNING delivery.*
  ), made AS (
    INSERT INTO delivery (queue_id, number, destination, urgency, state, due, not_before, deliver_by, accepted_at, size, is_only,
      reverse_path, recipients, sender, reason, holder)
    SELECT queue_id, given.number, given.destination, urgency,
      CASE WHEN given.held IS NOT NULL THEN 'held' WHEN not_before > $9::bigint THEN 'deferred'
        WHEN given.is_leased THEN 'leased' ELSE 'ready' END,
      CASE WHEN given.held IS NOT NULL THEN NULL WHEN not_before > $9::bigint THEN not_before
        WHEN given.is_leased THEN $15::bigint ELSE 0 END,
      CASE WHEN given.held IS NULL AND not_before > $9::bigint THEN not_before ELSE 0 END,
      deliver_by, accepted_at, size, given.is_only, reverse_path, given.recipients, given.sender,
      CASE WHEN given.held IS NOT NULL THEN given.held WHEN not_before > $9::bigint THEN '${HELD_BACK}' ELSE '' END,
      CASE WHEN given.is_leased AND given.held IS NULL AND not_before <= $9::bigint THEN $14::text END
    FROM unnest($2::text[], $3::int[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[], $13::boolean[])
      AS given (queue_id, number, destination, is_only, recipients, sender, held, is_leased)
    JOIN gone USING (queue_id)
    RETURNING queue_id, number, destination, urgency, due, holder
  ), opened AS (
    UPDATE message SET open = several.open FROM unnest($10::text[], $11::int[]) AS several (queue_id, open), gone
    WHERE message.queue_id = several.queue_id AND gone.queue_id = several.queue_id
  ), discarded AS (
    DELETE FROM message USING gone WHERE message.queue_id = gone.queue_id AND message.queue_id = ANY($12::text[])
    RETURNING message.queue_id
  )
  SELECT destination, min(urgency)::int AS urgency, due, 0 AS discarded, NULL AS leased FROM made WHERE holder IS NULL
  GROUP BY destination, due
  UNION ALL SELECT NULL, 0, NULL, (SELECT count(*)::int FROM discarded),
    (SELECT string_agg(queue_id || '.' || number, ' ') FROM made WHERE holder IS NOT NULL)`)

interface RoutedRow extends RoutedTo {
  readonly discarded: number
  readonly leased: string | null
}

/** Something is due for a destination, at once (0) or later; null when only an operator can say. */
export interface RoutedTo {
  readonly destination: DestinationName
  readonly urgency: number
  readonly due: number | null
}

export interface RoutedAll {
  /** Where something is to be done by who asks for it. */
  readonly to: readonly RoutedTo[]
  /** What was leased at once. */
  readonly leased: ReadonlySet<string>
  /** Messages that are done. */
  readonly done: number
}

export interface RouteTerms {
  /** Local deliveries of these are leased until then, unless somebody else has routed them. */
  readonly leased: ReadonlySet<QueueId>
  readonly until: number
}

/** Idempotent by queue id. */
export async function routeAll(
  { database, clock, holder }: SpoolParts,
  routed: readonly Routed[],
  { leased, until }: RouteTerms,
): Promise<RoutedAll> {
  const unique = [...new Map(routed.toReversed().map((one) => [one.queueId, one])).values()].toReversed()
  const rows = await database.rows<RoutedRow>(ROUTE, [
    unique.map(({ queueId }) => queueId),
    ...deliveryColumns(unique),
    clock.now(),
    ...openColumns(unique),
    unique.flatMap(({ queueId, deliveries }) =>
      deliveries.map(({ nextHop }) => nextHop.kind === 'local' && leased.has(queueId)),
    ),
    holder,
    until,
  ])
  const to = rows.filter(({ destination }) => destination !== null)
  const others = rows.find(({ destination }) => destination === null)
  return { to, done: others?.discarded ?? 0, leased: new Set(others?.leased?.split(' ')) }
}

function deliveryColumns(routed: readonly Routed[]): readonly unknown[] {
  const all = routed.flatMap(({ queueId, deliveries }) =>
    deliveries.map((delivery, at) => ({
      queueId,
      number: at + 1,
      isOnly: deliveries.length === 1,
      ...delivery,
    })),
  )
  return [
    all.map(({ queueId }) => queueId),
    all.map(({ number }) => number),
    all.map(({ nextHop }) => destinationOf(nextHop)),
    all.map(({ isOnly }) => isOnly),
    all.map(({ recipients }) => JSON.stringify(recipients)),
    all.map(({ sender }) => (sender === undefined ? null : plain(sender))),
    all.map(({ held }) => (held === undefined ? null : plain(held))),
  ]
}

/** Messages that have not one delivery, and of these those without any. */
function openColumns(routed: readonly Routed[]): readonly (readonly (QueueId | number)[])[] {
  const several = routed.filter(({ deliveries }) => deliveries.length > 1)
  const none = routed.filter(({ deliveries }) => deliveries.length === 0)
  return [
    several.map(({ queueId }) => queueId),
    several.map(({ deliveries }) => deliveries.length),
    none.map(({ queueId }) => queueId),
  ]
}
