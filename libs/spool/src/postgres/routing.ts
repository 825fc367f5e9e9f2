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
      reverse_path, recipients, sender, reason)
    SELECT queue_id, given.number, given.destination, urgency,
      CASE WHEN given.held IS NOT NULL THEN 'held' WHEN not_before > $9::bigint THEN 'deferred' ELSE 'ready' END,
      CASE WHEN given.held IS NOT NULL THEN NULL WHEN not_before > $9::bigint THEN not_before ELSE 0 END,
      CASE WHEN given.held IS NULL AND not_before > $9::bigint THEN not_before ELSE 0 END,
      deliver_by, accepted_at, size, given.is_only, reverse_path, given.recipients, given.sender,
      CASE WHEN given.held IS NOT NULL THEN given.held WHEN not_before > $9::bigint THEN '${HELD_BACK}' ELSE '' END
    FROM unnest($2::text[], $3::int[], $4::text[], $5::boolean[], $6::text[], $7::text[], $8::text[])
      AS given (queue_id, number, destination, is_only, recipients, sender, held)
    JOIN gone USING (queue_id)
    RETURNING destination, urgency, due
  ), opened AS (
    UPDATE message SET open = several.open FROM unnest($10::text[], $11::int[]) AS several (queue_id, open), gone
    WHERE message.queue_id = several.queue_id AND gone.queue_id = several.queue_id
  ), discarded AS (
    DELETE FROM message USING gone WHERE message.queue_id = gone.queue_id AND message.queue_id = ANY($12::text[])
    RETURNING message.queue_id
  )
  SELECT destination, min(urgency)::int AS urgency, due, (SELECT count(*)::int FROM discarded) AS discarded FROM made
  GROUP BY destination, due
  UNION ALL SELECT NULL, 0, NULL, count(*)::int FROM discarded`)

/** Something is due for a destination, at once (0) or later; null when only an operator can say. */
export interface RoutedTo {
  readonly destination: DestinationName
  readonly urgency: number
  readonly due: number | null
}

/** Idempotent by queue id. Returns where something is to be done, and how many messages are done. */
export async function routeAll(
  { database, clock }: SpoolParts,
  routed: readonly Routed[],
): Promise<{ readonly to: readonly RoutedTo[]; readonly done: number }> {
  const unique = [...new Map(routed.toReversed().map((one) => [one.queueId, one])).values()].toReversed()
  const rows = await database.rows<RoutedTo & { readonly discarded: number }>(ROUTE, [
    unique.map(({ queueId }) => queueId),
    ...deliveryColumns(unique),
    clock.now(),
    ...openColumns(unique),
  ])
  const to = rows.filter(({ destination }) => destination !== null)
  return { to, done: rows.find(({ destination }) => destination === null)?.discarded ?? 0 }
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
