import type { Database } from '@cartero/sql/procedures'

import { numberOf, queueIdOf } from '../ledger/entry.ts'
import { matcher } from '../ledger/filter.ts'
import type { DeliveryId, DeliverySummary } from '../ports.ts'
import type { DeliveryFilter, ShapeCell } from '../queue.ts'
import type { DeliveryRow, MessageRow } from './rows.ts'

/** Rows looked at in one call, whatever is found: some 20 ms, in which nobody else is served. */
export const BUDGET = 4_000

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
  const { shape, total, loaded } = {
    shape: database.prepare('SELECT * FROM shape'),
    total: database.prepare(`
      SELECT sum(deliveries) AS n FROM shape
      WHERE ($destination IS NULL OR destination = $destination) AND ($state IS NULL OR state = $state)`),
    loaded: database.prepare('SELECT 1 FROM temp.loaded WHERE queueId = ?'),
  }
  const isFree: Test = ({ queueId }) => loaded.get(queueId) === undefined
  return {
    /** Of messages that are not in memory, newest first. */
    list: (asked: Search): Listing => search(asked, isFree),
    /** How many of a part are not in memory. */
    countPart(asked: Search): { readonly count: number; readonly until?: DeliveryId } {
      const { found, until } = search(asked, isFree)
      return { count: found.length, ...(until && { until }) }
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
    shape(): readonly ShapeCell[] {
      return shape.all().map((cell) => ({ ...cell })) as unknown as ShapeCell[]
    },
  }
}

type Test = (summary: DeliverySummary) => boolean

/** Looks through the rows in the order of the narrowest index there is for the filter. */
export function prepareSearch(database: Database): (search: Search, also?: Test) => Listing {
  const order = 'AND (queueId, number) < ($queueId, $number) ORDER BY queueId DESC, number DESC'
  const all = database.prepare(`SELECT * FROM delivery WHERE true ${order}`)
  const to = database.prepare(`SELECT * FROM delivery WHERE destination = $destination ${order}`)
  const inState = database.prepare(`SELECT * FROM delivery WHERE state = $state ${order}`)
  const of = database.prepare('SELECT * FROM delivery WHERE queueId = ? ORDER BY number DESC')

  return ({ filter, limit, after }, also = () => true) => {
    const meets = matcher(filter)
    const wanted = { limit, matches: (one: DeliverySummary) => meets(one) && also(one) }
    const at = after === undefined ? { queueId: '~', number: 0 } : keyOf(after)
    const { ids, destination, state } = filter
    if (ids !== undefined) {
      const queueIds = [...new Set(ids.map(queueIdOf))].toSorted().toReversed()
      const rows = queueIds.filter((id) => id <= at.queueId).flatMap((queueId) => of.all(queueId))
      const behind = rows.filter((row) => isBehind(row as unknown as Key, at))
      return look(behind, wanted)
    }
    if (destination !== undefined) return look(to.iterate({ ...at, destination }), wanted)
    if (state !== undefined) return look(inState.iterate({ ...at, state }), wanted)
    return look(all.iterate({ ...at }), wanted)
  }
}

interface Key {
  readonly queueId: string
  readonly number: number
}

const keyOf = (id: DeliveryId): Key => ({ queueId: queueIdOf(id), number: numberOf(id) })

const isBehind = (row: Key, at: Key): boolean =>
  row.queueId < at.queueId || (row.queueId === at.queueId && row.number < at.number)

/** Ends at the limit, or when enough was looked at. */
function look(
  rows: Iterable<Record<string, unknown>>,
  { limit, matches }: { readonly limit: number; readonly matches: Test },
): Listing {
  const found: DeliverySummary[] = []
  let looked = 0
  for (const row of rows) {
    const line = new Line(row as unknown as ListedRow)
    if (matches(line)) found.push(line.summary)
    looked += 1
    if (found.length >= limit || looked >= BUDGET) return { found, until: line.id }
  }
  return { found }
}

type ListedRow = DeliveryRow & Pick<MessageRow, 'queueId' | 'size' | 'acceptedAt'> & { reversePath: string }

/** A row, read as far as somebody asks. */
class Line implements DeliverySummary {
  readonly #row: ListedRow

  constructor(row: ListedRow) {
    this.#row = row
  }

  get id(): DeliveryId {
    return `${this.#row.queueId}.${this.#row.number}` as DeliveryId
  }

  get queueId(): DeliverySummary['queueId'] {
    return this.#row.queueId
  }

  get state(): DeliverySummary['state'] {
    return this.#row.state
  }

  get reversePath(): string {
    return this.#row.reversePath
  }

  get recipients(): readonly string[] {
    return (JSON.parse(this.#row.recipients) as { address: string }[]).map(({ address }) => address)
  }

  get destination(): string {
    return this.#row.destination
  }

  get size(): number {
    return this.#row.size
  }

  get attempts(): number {
    return this.#row.attempts
  }

  get acceptedAt(): number {
    return this.#row.acceptedAt
  }

  get reason(): string {
    return this.#row.reason
  }

  get summary(): DeliverySummary {
    const { id, queueId, state, reversePath, recipients, destination, size, attempts, acceptedAt } = this
    const { notBefore, reason, status, sentence } = this.#row
    const isDead = state === 'failed' || state === 'expired'
    return {
      ...{ id, queueId, state, reversePath, recipients, destination, size, attempts, acceptedAt },
      ...(notBefore > 0 && (isDead ? { keptUntil: notBefore } : { notBefore })),
      ...(reason !== '' && { reason }),
      ...(status !== '' && { status }),
      ...(sentence !== null && { sentence }),
    }
  }
}
