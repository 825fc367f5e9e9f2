import { statement, type Queries, type Statement } from '@cartero/sql/postgres'

import { numberOf, queueIdOf } from '../ledger/entry.ts'
import { matcher } from '../ledger/filter.ts'
import { RowSummary, type ListedRow } from '../ledger/row-summary.ts'
import type { DeliveryId, DeliverySummary } from '../ports.ts'
import type { DeliveryFilter } from '../queue.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { firstIdAt } from './queue-id-time.ts'

/** Newest first, from a place on. */
export interface Search {
  readonly filter: DeliveryFilter
  readonly limit: number
  readonly after?: DeliveryId | undefined
  readonly now: number
  /** Nobody else may change what is found until the transaction is over; what is leased is left out. */
  readonly isToChange?: boolean
}

export interface Listing {
  readonly found: readonly DeliverySummary[]
  /** Up to where rows were looked at; absent when all were. */
  readonly until?: DeliveryId
}

/** A lease that is over is none, whoever has not noticed yet. */
const STATE = `CASE WHEN state = 'leased' AND due <= $1::bigint THEN 'ready' ELSE state END`

export const LISTED_COLUMNS = `queue_id AS "queueId", number, destination, ${STATE} AS state, attempts, reason, status, sentence, recipients,
  CASE WHEN number = 0 THEN 0 ELSE not_before END AS "notBefore", reverse_path AS "reversePath", size, accepted_at AS "acceptedAt"`

const BEHIND = '(queue_id, number) < ($2::text, $3::int)'
const ORDER = 'ORDER BY queue_id DESC, number DESC'

/** What Postgres can tell of a filter. It may let through too much, never too little. */
const CONDITIONS = `
  CASE WHEN $4::text IS NULL THEN state NOT IN ('delivered', 'removed') ELSE ${STATE} = $4 END
  AND ($5::text IS NULL OR destination = $5) AND accepted_at BETWEEN $6::bigint AND $7::bigint
  AND ($8::text IS NULL OR lower(reverse_path) = $8)
  AND ($9::text IS NULL OR right(lower(reverse_path), length($9)) = $9)
  AND ($10::text IS NULL OR strpos(lower(recipients), $10) > 0)
  AND ($11::text IS NULL OR strpos(lower(reason), $11) > 0)`

const IS_FREE = `(state <> 'leased' OR due <= $1::bigint)`

/** By the rows of an index: where a stretch of them ends, what may be meant of it, and the same for whoever changes it. */
const routeBy = (condition: string): Readonly<Record<'end' | 'rows' | 'changed', Statement>> => {
  const stretch = `${condition} AND ${BEHIND} AND (queue_id, number) >= ($12::text, $13::int) AND ${CONDITIONS}`
  return {
    end: statement(`
      SELECT queue_id AS "queueId", number FROM delivery WHERE ${condition.replaceAll('$5', '$5::text')} AND ${BEHIND}
      AND ($1::bigint IS NOT NULL AND coalesce($4::text, $5::text, '') IS NOT NULL) ${ORDER} LIMIT 1 OFFSET $6`),
    rows: statement(`SELECT ${LISTED_COLUMNS} FROM delivery WHERE ${stretch} ${ORDER} LIMIT $14`),
    changed: statement(
      `SELECT ${LISTED_COLUMNS} FROM delivery WHERE ${stretch} AND ${IS_FREE} ${ORDER} LIMIT $14 FOR UPDATE`,
    ),
  }
}

const ROUTES = {
  all: routeBy('true'),
  elsewhere: routeBy(`destination = $5 AND destination <> 'local' AND destination <> ''`),
  deferred: routeBy(`state = 'deferred'`),
  held: routeBy(`state = 'held'`),
  failed: routeBy(`state = 'failed'`),
  expired: routeBy(`state = 'expired'`),
} as const

const OF = (isToChange: boolean): Statement =>
  statement(`
  SELECT ${LISTED_COLUMNS} FROM delivery WHERE queue_id = ANY($4::text[]) AND ${BEHIND} ${isToChange ? `AND ${IS_FREE}` : ''}
  ${ORDER} ${isToChange ? 'FOR UPDATE' : ''}`)
const OF_ALL = OF(false)
const OF_FREE = OF(true)

/** Looks through the rows in the order of the narrowest index there is for the filter: a stretch of them at most. */
export async function search(
  queries: Queries,
  { filter, limit, after, now, isToChange = false }: Search,
): Promise<Listing> {
  const at =
    after === undefined ? beginningOf(filter) : { queueId: queueIdOf(after), number: numberOf(after) }
  const place = [now, at.queueId, at.number]
  const meets = matcher(filter)
  if (filter.ids !== undefined) {
    const rows = await queries.rows<ListedRow>(isToChange ? OF_FREE : OF_ALL, [
      ...place,
      [...new Set(filter.ids.map(queueIdOf))],
    ])
    return ended(rows.map(summaryOf).filter(meets), limit)
  }
  const route = routeOf(filter)
  const [end] = await queries.rows<{ queueId: string; number: number }>(route.end, [
    ...place,
    filter.state ?? null,
    filter.destination ?? null,
    POSTGRES_SPOOL_LIMITS.budget - 1,
  ])
  const stretch = [...place, ...conditionsOf(filter), end?.queueId ?? '', end?.number ?? 0, limit]
  const rows = await queries.rows<ListedRow>(isToChange ? route.changed : route.rows, stretch)
  const listing = ended(rows.map(summaryOf).filter(meets), limit)
  const last = rows.at(-1)
  // The database let through as many as were asked for, perhaps some too many: there may be more behind them.
  if (rows.length >= limit && last !== undefined)
    return { ...listing, until: `${last.queueId}.${last.number}` as DeliveryId }
  return end === undefined ? listing : { ...listing, until: `${end.queueId}.${end.number}` as DeliveryId }
}

export function summaryOf(row: ListedRow): DeliverySummary {
  return new RowSummary(row).whole
}

function ended(found: readonly DeliverySummary[], limit: number): Listing {
  const page = found.slice(0, limit)
  const last = page.at(-1)
  return found.length > limit && last !== undefined ? { found: page, until: last.id } : { found: page }
}

function routeOf({ destination, state }: DeliveryFilter): (typeof ROUTES)['all'] {
  if (destination !== undefined && destination !== 'local' && destination !== '') return ROUTES.elsewhere
  if (state === 'deferred' || state === 'held' || state === 'failed' || state === 'expired')
    return ROUTES[state]
  return ROUTES.all
}

/** A queue id is made before its message is accepted: what was accepted early has a low one. */
function beginningOf({ acceptedBefore }: DeliveryFilter): {
  readonly queueId: string
  readonly number: number
} {
  return {
    queueId: acceptedBefore === undefined ? '~' : firstIdAt(acceptedBefore + CLOCKS_DIFFER_MS),
    number: 0,
  }
}

/** Ids go on ascending when a clock is set back. */
const CLOCKS_DIFFER_MS = 3_600_000

function conditionsOf(filter: DeliveryFilter): readonly (string | number | null)[] {
  const { state = null, destination = null, sender, recipient, reason } = filter
  const isDomain = sender?.startsWith('@') === true
  return [
    state,
    destination,
    filter.acceptedAfter ?? Number.MIN_SAFE_INTEGER,
    filter.acceptedBefore ?? Number.MAX_SAFE_INTEGER,
    sender === '<>' ? '' : isDomain ? null : inLowerCase(sender),
    isDomain ? inLowerCase(sender) : null,
    inLowerCase(recipient),
    inLowerCase(reason),
  ]
}

/** As Postgres understands it in any locale; it sees escapes where JSON has them. */
function inLowerCase(text: string | undefined): string | null {
  return text === undefined || !/^[ !#-[\]-~]*$/.test(text) ? null : text.toLowerCase()
}
