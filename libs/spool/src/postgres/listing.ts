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
}

interface Place {
  readonly queueId: string
  readonly number: number
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

/** By the rows of an index: what may be meant of a stretch of them, and where that ends. */
const routeBy = (condition: string): Readonly<Record<'rows' | 'end', Statement>> => ({
  rows: statement(`
    SELECT ${LISTED_COLUMNS} FROM (SELECT * FROM delivery WHERE ${condition} AND ${BEHIND} ${ORDER} LIMIT $12) AS delivery
    WHERE ${CONDITIONS} ${ORDER} LIMIT $13`),
  end: statement(`
    SELECT queue_id AS "queueId", number FROM delivery WHERE ${condition} AND ${BEHIND} AND $1::bigint IS NOT NULL
    AND coalesce($4::text, $5::text, '') IS NOT NULL ${ORDER} LIMIT 1 OFFSET $6`),
})

const ROUTES = {
  all: routeBy('true'),
  elsewhere: routeBy(`destination = $5::text AND destination <> 'local' AND destination <> ''`),
  deferred: routeBy(`state = 'deferred'`),
  held: routeBy(`state = 'held'`),
  failed: routeBy(`state = 'failed'`),
  expired: routeBy(`state = 'expired'`),
} as const

const OF = statement(`
  SELECT ${LISTED_COLUMNS} FROM delivery WHERE queue_id = ANY($4::text[]) AND ${BEHIND} ${ORDER}`)

const LOCK_FREE = statement(`
  SELECT ${LISTED_COLUMNS} FROM delivery JOIN unnest($2::text[], $3::int[]) AS given (queue_id, number) USING (queue_id, number)
  WHERE state <> 'leased' OR due <= $1::bigint ${ORDER} FOR UPDATE OF delivery`)

/** Looks through the rows in the order of the narrowest index there is for the filter: a stretch of them at most. */
export async function search(queries: Queries, { filter, limit, after, now }: Search): Promise<Listing> {
  const at =
    after === undefined ? beginningOf(filter) : { queueId: queueIdOf(after), number: numberOf(after) }
  const place = [now, at.queueId, at.number]
  const meets = matcher(filter)
  if (filter.ids !== undefined) {
    const rows = await queries.rows<ListedRow>(OF, [...place, [...new Set(filter.ids.map(queueIdOf))]])
    return ended(rows.map(summaryOf).filter(meets), limit)
  }
  const { budget } = POSTGRES_SPOOL_LIMITS
  const route = routeOf(filter)
  const rows = await queries.rows<ListedRow>(route.rows, [...place, ...conditionsOf(filter), budget, limit])
  const found = rows.map(summaryOf).filter(meets)
  // As many as were asked for, perhaps some that are not meant: there may be more behind them.
  const [last] =
    rows.length < limit
      ? await queries.rows<Place>(route.end, [
          ...place,
          filter.state ?? null,
          filter.destination ?? null,
          budget - 1,
        ])
      : rows.slice(-1)
  return last === undefined ? { found } : { found, until: `${last.queueId}.${last.number}` as DeliveryId }
}

/** What was found, as it is now: nobody else changes it until the transaction is over. What is leased is left out. */
export async function lockFree(
  queries: Queries,
  {
    found,
    filter,
    now,
  }: { readonly found: readonly DeliverySummary[]; readonly filter: DeliveryFilter; readonly now: number },
): Promise<readonly DeliverySummary[]> {
  if (found.length === 0) return []
  const keys = [found.map(({ queueId }) => queueId), found.map(({ id }) => numberOf(id))]
  return (await queries.rows<ListedRow>(LOCK_FREE, [now, ...keys])).map(summaryOf).filter(matcher(filter))
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
