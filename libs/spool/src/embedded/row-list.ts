import type { Database } from '@cartero/sql/procedures'

import { numberOf, queueIdOf } from '../ledger/entry.ts'
import { matcher } from '../ledger/filter.ts'
import type { DeliveryId, DeliverySummary } from '../ports.ts'
import type { DeliveryFilter, ShapeCell } from '../queue.ts'
import { prepareAges, type RowKey as Key } from './old-rows.ts'
import { conditionsOf, CONDITIONS } from './row-conditions.ts'
import { RowSummary, type ListedRow } from '../ledger/row-summary.ts'

/** Rows looked at in one call, whatever is found: some 20 ms, in which nobody else is served. */
export const BUDGET = 20_000

export interface Search {
  readonly filter: DeliveryFilter
  readonly limit: number
  readonly after?: DeliveryId | undefined
}

export interface Listing {
  readonly found: readonly DeliverySummary[]
  /** Up to where rows were looked at; absent when all were. */
  readonly until?: DeliveryId
}

export function prepareLists(database: Database) {
  const search = prepareSearch(database)
  const loaded = database.prepare('SELECT 1 FROM temp.loaded WHERE queueId = ?')
  const total = database.prepare(`
    SELECT sum(deliveries) AS n FROM total
    WHERE destination = coalesce($destination, '*') AND ($state IS NULL OR state = $state)`)
  const shapeOf = database.prepare('SELECT * FROM shape WHERE destination = ?')
  const longest = database.prepare(`
    SELECT destination FROM total WHERE destination <> '*' GROUP BY destination ORDER BY sum(deliveries) DESC LIMIT ?`)
  const isFree: Test = ({ queueId }) => loaded.get(queueId) === undefined
  return {
    /** Of messages that are not in memory, newest first. */
    list: (asked: Search): Listing => search(asked, isFree),
    /** How many of a part are not in memory. */
    countPart(asked: Search): { readonly count: number; readonly until?: DeliveryId } {
      let count = 0
      const { until } = search(asked, (one) => {
        if (isFree(one)) count += 1
        return false
      })
      return { count, ...(until && { until }) }
    },
    /** From the counters. */
    total({
      destination = null,
      state = null,
    }: {
      destination?: string | null
      state?: string | null
    }): number {
      return Number(total.get({ destination, state })?.['n'] ?? 0)
    },
    /** Of one destination, or of some, those with the most deliveries; `*` are all together. */
    shape({ destination, destinations }: RowShapeWish): readonly ShapeCell[] {
      const names =
        destination === undefined
          ? ['*', ...longest.all(destinations).map((row) => row['destination'] as string)]
          : [destination]
      return names.flatMap((name) => shapeOf.all(name)) as unknown as ShapeCell[]
    },
  }
}

/** One destination, or how many of those with the most deliveries. */
export interface RowShapeWish {
  readonly destination?: string
  readonly destinations: number
}

type Test = (summary: DeliverySummary) => boolean

/**
 * Looks through the rows in the order of the narrowest index there is for the filter: a stretch of BUDGET rows at most, of which
 * SQLite itself passes over what cannot be meant.
 */
export function prepareSearch(database: Database): (search: Search, also?: Test) => Listing {
  const routes = {
    all: prepareRoute(database, 'true'),
    to: prepareRoute(database, 'destination = $destination'),
    in: prepareRoute(database, 'state = $state'),
  }
  const beginning = prepareAges(database)
  const of = database.prepare('SELECT * FROM delivery WHERE queueId = ? ORDER BY number DESC')

  return ({ filter, limit, after }, also = () => true) => {
    const at = after === undefined ? beginning(filter.destination, filter.acceptedBefore) : keyOf(after)
    const meets = matcher(filter)
    const wanted = { limit, matches: (one: DeliverySummary) => meets(one) && also(one) }
    const { ids, destination, state } = filter
    if (ids !== undefined) {
      const queueIds = [...new Set(ids.map(queueIdOf))].toSorted().toReversed()
      const rows = queueIds.filter((id) => id <= at.queueId).flatMap((queueId) => of.all(queueId))
      return look(
        rows.filter((row) => isBehind(row as unknown as Key, at)),
        wanted,
      )
    }
    const route = destination !== undefined ? routes.to : state !== undefined ? routes.in : routes.all
    const by = { ...(destination && { destination }), ...(state && route === routes.in && { state }) }
    const end = route.end.get({ ...at, ...by, budget: BUDGET - 1 }) as unknown as Key | undefined
    const { queueId: untilId, number: untilNumber } = end ?? { queueId: '', number: 0 }
    const stretch = { ...at, ...conditionsOf(filter), untilId, untilNumber }
    const listing = look(route.rows.iterate(stretch), wanted)
    if (listing.until !== undefined || end === undefined) return listing
    return { ...listing, until: `${end.queueId}.${end.number}` as DeliveryId }
  }
}

/** Rows of an index from a place on: where a stretch of them ends, and what may be meant of it. */
function prepareRoute(database: Database, condition: string) {
  const behind = '(queueId, number) < ($queueId, $number)'
  const order = 'ORDER BY queueId DESC, number DESC'
  return {
    end: database.prepare(`
      SELECT queueId, number FROM delivery WHERE ${condition} AND ${behind} ${order} LIMIT 1 OFFSET $budget`),
    rows: database.prepare(`
      SELECT * FROM delivery WHERE ${condition} AND ${behind} AND (queueId, number) >= ($untilId, $untilNumber)
      AND ${CONDITIONS} ${order}`),
  }
}

const keyOf = (id: DeliveryId): Key => ({ queueId: queueIdOf(id), number: numberOf(id) })

const isBehind = (row: Key, at: Key): boolean =>
  row.queueId < at.queueId || (row.queueId === at.queueId && row.number < at.number)

/** Ends at the limit. */
function look(
  rows: Iterable<Record<string, unknown>>,
  { limit, matches }: { readonly limit: number; readonly matches: Test },
): Listing {
  const found: DeliverySummary[] = []
  for (const row of rows) {
    const line = new RowSummary(row as unknown as ListedRow)
    if (!matches(line)) continue
    found.push(line.whole)
    if (found.length >= limit) return { found, until: line.id }
  }
  return { found }
}
