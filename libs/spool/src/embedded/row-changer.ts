import type { Database } from '@cartero/sql/procedures'

import { alterRow } from '../ledger/row-alteration.ts'
import type { Change, DestinationName } from '../queue.ts'
import type { DeliveryId, DeliverySummary, QueueId } from '../ports.ts'
import { numberOf } from '../ledger/entry.ts'
import { prepareSearch, type Search } from './row-list.ts'
import { OWN_DUE } from './schema-outbound.ts'

export interface Changing extends Search {
  readonly change: Change
}

export interface Changed {
  /** Those that meet the filter: out of memory, and in memory, where they were left alone. */
  readonly found: readonly DeliveryId[]
  readonly loaded: readonly DeliveryId[]
  readonly changed: readonly DeliverySummary[]
  /** Where somebody has to look now. */
  readonly destinations: readonly DestinationName[]
  /** Messages of which nothing is left. */
  readonly over: readonly QueueId[]
  /** Messages more, or less, that wait. */
  readonly waiting: number
  readonly until?: DeliveryId
}

/** Deliveries made due at once when a destination is urged. */
const URGE_PAGE = 1_000

export function prepareChanges(database: Database) {
  const search = prepareSearch(database)
  const apply = statements(database)
  return {
    /** A portion of what meets the filter, without what is in memory. */
    change({ change, ...asked }: Changing): Changed {
      const { found, until } = search(asked)
      const isLoaded = ({ queueId }: DeliverySummary): boolean => apply.loaded.get(queueId) !== undefined
      const [loaded, free] = [found.filter(isLoaded), found.filter((one) => !isLoaded(one))]
      return {
        found: free.map(({ id }) => id),
        loaded: loaded.map(({ id }) => id),
        ...changeRows(apply, free, change),
        ...(until && { until }),
      }
    },
    /** Makes what is deferred for a destination due, a portion of what is not in memory; 0 when nothing is left. */
    urge(destination: DestinationName): number {
      const found = apply.deferred.all({ destination, limit: URGE_PAGE })
      for (const { queueId, number } of found) apply.ready.run(queueId as string, number as number)
      return found.length
    },
  }
}

type Statements = ReturnType<typeof statements>

function changeRows(
  apply: Statements,
  rows: readonly DeliverySummary[],
  change: Change,
): Pick<Changed, 'changed' | 'destinations' | 'over' | 'waiting'> {
  const destinations = new Set<DestinationName>()
  const touched = new Set<QueueId>()
  const changed: DeliverySummary[] = []
  for (const one of rows) {
    const row = alterRow(one, change)
    if (row === undefined) continue
    changed.push(one)
    touched.add(one.queueId)
    if (row.due !== null) destinations.add(row.destination)
    apply.put.run({ queueId: one.queueId, number: numberOf(one.id), ...row })
  }
  const over: QueueId[] = []
  let waiting = 0
  for (const queueId of touched) {
    waiting += refresh(apply, queueId, change)
    if (change.kind === 'remove' && apply.isOver.get(queueId) !== undefined) over.push(queueId)
  }
  return { changed, destinations: [...destinations], over, waiting }
}

/** A message after its deliveries. Returns 1 when it waits now, -1 when it does not any more. */
function refresh(apply: Statements, queueId: QueueId, { kind }: Change): number {
  const before = Number(apply.isWaiting.get(queueId)?.['isWaiting'] ?? 0)
  apply.refresh.run({ queueId, isReleased: Number(kind === 'release') })
  return Number(apply.isWaiting.get(queueId)?.['isWaiting'] ?? 0) - before
}

function statements(database: Database) {
  return {
    loaded: database.prepare('SELECT 1 FROM temp.loaded WHERE queueId = ?'),
    put: database.prepare(`
      UPDATE delivery SET state = $state, notBefore = 0, due = $due, destination = $destination,
        reason = coalesce($reason, reason), nextHop = coalesce($nextHop, nextHop),
        sentence = iif($isPardoned, NULL, coalesce($sentence, sentence)), lapses = iif($isReleased, 0, lapses)
      WHERE queueId = $queueId AND number = $number`),
    isWaiting: database.prepare('SELECT isWaiting FROM message WHERE queueId = ?'),
    refresh: database.prepare(`
      UPDATE message SET due = ${OWN_DUE}, crashes = iif($isReleased, 0, crashes), isWaiting = EXISTS (
        SELECT 1 FROM delivery WHERE delivery.queueId = message.queueId
        AND state NOT IN ('delivered', 'failed', 'expired', 'removed'))
      WHERE queueId = $queueId`),
    isOver: database.prepare(`
      SELECT 1 FROM message WHERE queueId = ? AND isWaiting = 0 AND NOT EXISTS (
        SELECT 1 FROM delivery WHERE delivery.queueId = message.queueId AND state IN ('failed', 'expired'))`),
    deferred: database.prepare(`
      SELECT queueId, number FROM delivery AS message WHERE destination = $destination AND due > 0 AND attempts > 0
      AND priority IN (SELECT priority FROM lane WHERE lane.destination = $destination)
      AND NOT EXISTS (SELECT 1 FROM temp.loaded WHERE loaded.queueId = message.queueId) LIMIT $limit`),
    ready: database.prepare(
      "UPDATE delivery SET state = 'ready', due = 0, notBefore = 0 WHERE queueId = ? AND number = ?",
    ),
  }
}
