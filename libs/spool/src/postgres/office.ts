import { statement } from '@cartero/sql/postgres'
import type { ContentId } from '@cartero/content'

import { alterRow, type Alteration } from '../ledger/row-alteration.ts'
import { numberOf } from '../ledger/entry.ts'
import type { ListedRow } from '../ledger/row-summary.ts'
import { URGING } from '../ledger/alteration.ts'
import { ShapeCounter, SHAPED_DESTINATIONS } from '../ledger/shape.ts'
import type { DeliveryId, DeliverySummary, QueueId } from '../ports.ts'
import type {
  Change,
  ChangeProgress,
  DeliveryFilter,
  DeliveryPage,
  DestinationName,
  MessageView,
  QueueOffice,
  ShapeCell,
  ShapeWish,
  UncollectedMail,
} from '../queue.ts'
import { plain } from './acceptance.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { LISTED_COLUMNS, lockFree, search, summaryOf } from './listing.ts'
import { decodeText } from './message-text.ts'
import type { SpoolParts } from './parts.ts'
import { conclude, LOCK_MESSAGES } from './settlement.ts'
import { NOT_BEFORE } from './taking.ts'

const { portion: PORTION } = POSTGRES_SPOOL_LIMITS
/** Matches that are counted at once. */
const COUNTED = 5_000

const COUNTED_ROWS = `(
  SELECT destination, state, hour, status, deliveries, octets FROM shape WHERE state <> 'message'
  UNION ALL SELECT destination, state, hour, status, deliveries, octets FROM shape_change WHERE state <> 'message') AS counted`

const SHAPE = statement(`
  SELECT destination, state, hour, status, sum(deliveries)::bigint AS deliveries, sum(octets)::bigint AS octets FROM ${COUNTED_ROWS}
  WHERE $1::text IS NULL OR destination = $1 GROUP BY 1, 2, 3, 4 HAVING sum(deliveries) > 0`)

const TOTAL = statement(`
  SELECT coalesce(sum(deliveries), 0)::bigint AS total FROM ${COUNTED_ROWS}
  WHERE ($1::text IS NULL OR destination = $1) AND ($2::text IS NULL OR state = $2)`)

const UNCOLLECTED = statement(`
  SELECT substring(destination FROM 6) AS domain, sum(deliveries)::bigint AS deliveries, sum(octets)::bigint AS octets,
    min(hour) AS "oldestHour"
  FROM (
    SELECT destination, hour, sum(deliveries) AS deliveries, sum(octets) AS octets FROM ${COUNTED_ROWS}
    WHERE destination > 'odmr ' AND destination < 'odmr!' AND state IN ('ready', 'leased', 'deferred', 'held')
    GROUP BY 1, 2 HAVING sum(deliveries) > 0) AS hours
  GROUP BY destination ORDER BY destination`)

const MESSAGE = statement('SELECT text, content FROM message WHERE queue_id = $1')
const DELIVERIES = statement(`SELECT ${LISTED_COLUMNS} FROM delivery WHERE queue_id = $2 ORDER BY number`)

const ALTER = statement(`
  UPDATE delivery SET state = given.state, due = CASE WHEN given.state = 'ready' THEN 0 END, ${NOT_BEFORE}, holder = NULL,
    destination = given.destination, reason = coalesce(given.reason, delivery.reason),
    sentence = CASE WHEN given.is_pardoned THEN NULL ELSE coalesce(given.sentence, delivery.sentence) END,
    lapses = CASE WHEN given.is_released THEN 0 ELSE lapses END, crashes = CASE WHEN given.is_released THEN 0 ELSE crashes END
  FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::boolean[])
    AS given (queue_id, number, state, destination, reason, sentence, is_pardoned, is_released)
  WHERE delivery.queue_id = given.queue_id AND delivery.number = given.number`)

/** What a portion of a change came to. */
export interface ChangedPortion {
  readonly found: number
  readonly changed: readonly DeliverySummary[]
  /** Where something is due now, and whether whoever goes there is to forget what it remembers. */
  readonly destinations: readonly DestinationName[]
  readonly isUrged: boolean
  /** Messages more, or less, that wait. */
  readonly waiting: number
  readonly until?: DeliveryId
}

/** The queue as an operator sees and steers it, over rows alone. */
export class PostgresOffice implements QueueOffice {
  readonly #parts: SpoolParts
  readonly #changed: (portion: ChangedPortion) => void

  constructor(parts: SpoolParts, changed: (portion: ChangedPortion) => void) {
    this.#parts = parts
    this.#changed = changed
  }

  async list(
    filter: DeliveryFilter,
    { limit, after }: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage> {
    const { database, clock } = this.#parts
    const { found, until } = await search(database, { filter, limit, after, now: clock.now() })
    return { deliveries: found, ...(until && { next: until }) }
  }

  async count(filter: DeliveryFilter): Promise<number> {
    const { state, destination, ...others } = filter
    const isCounted = Object.values(others).every((condition) => condition === undefined)
    if (isCounted && state !== 'delivered' && state !== 'removed') {
      const asked = [destination ?? null, state ?? null]
      return (await this.#parts.database.rows<{ total: number }>(TOTAL, asked))[0]?.total ?? 0
    }
    let count = 0
    for (let after: DeliveryId | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const now = this.#parts.clock.now()
      const { found, until } = await search(this.#parts.database, { filter, limit: COUNTED, after, now })
      count += found.length
      after = until
    }
    return count
  }

  async show(queueId: QueueId): Promise<MessageView | undefined> {
    const { database, clock } = this.#parts
    const [message] = await database.rows<{ text: Buffer; content: ContentId }>(MESSAGE, [queueId])
    const rows = await database.rows<ListedRow>(DELIVERIES, [clock.now(), queueId])
    const [first] = rows
    if (message === undefined || first === undefined) return undefined
    const { envelope, prefix } = decodeText(message.text)
    const { acceptedAt, size } = first
    return {
      queueId,
      envelope,
      acceptedAt,
      size,
      prefix,
      content: message.content,
      deliveries: rows.map(summaryOf),
    }
  }

  async shape(wish: ShapeWish = {}): Promise<readonly ShapeCell[]> {
    const counter = new ShapeCounter()
    const cells = await this.#parts.database.rows<ShapeCell>(SHAPE, [wish.destination ?? null])
    for (const cell of cells) counter.add(cell)
    return counter.cells({ ...wish, destinations: wish.destinations ?? SHAPED_DESTINATIONS })
  }

  async uncollected(): Promise<readonly UncollectedMail[]> {
    return await this.#parts.database.rows<UncollectedMail>(UNCOLLECTED)
  }

  async *change(
    filter: DeliveryFilter,
    change: Change,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeProgress, void> {
    let [found, changed] = [0, 0]
    for (let after: DeliveryId | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      if (signal.aborted) return
      const portion = await this.#changePortion(filter, change, after)
      this.#changed(portion)
      found += portion.found
      changed += portion.changed.length
      after = portion.until
      yield { found, changed, deliveries: portion.changed }
    }
  }

  async #changePortion(
    filter: DeliveryFilter,
    change: Change,
    after: DeliveryId | undefined,
  ): Promise<ChangedPortion> {
    const now = this.#parts.clock.now()
    return await this.#parts.database.transaction(async (queries) => {
      const listing = await search(queries, { filter, limit: PORTION, after, now })
      const found = await lockFree(queries, { ...listing, filter, now })
      const { until } = listing
      const altered = found.flatMap((one) => {
        const row = alterRow(one, change)
        return row === undefined ? [] : [{ one, row }]
      })
      if (altered.length > 0) await queries.run(ALTER, columnsOf(altered))
      const queueIds = [...new Set(altered.filter(beginsOrEnds).map(({ one }) => one.queueId))]
      let waiting = 0
      if (queueIds.length > 0) {
        const before = await queries.rows<{ open: number }>(LOCK_MESSAGES, [queueIds])
        waiting = (await conclude(queries, queueIds)).waiting - before.filter(({ open }) => open > 0).length
      }
      return {
        found: found.length,
        changed: altered.map(({ one }) => one),
        destinations: [
          ...new Set(altered.filter(({ row }) => row.state === 'ready').map(({ row }) => row.destination)),
        ],
        isUrged: URGING.has(change.kind),
        waiting,
        ...(until && { until }),
      }
    })
  }
}

interface Altered {
  readonly one: DeliverySummary
  readonly row: Alteration
}

/** Of its message, something waits that did not before, or does not any more. */
function beginsOrEnds({ one, row }: Altered): boolean {
  return row.state === 'removed' || one.state === 'failed' || one.state === 'expired'
}

function columnsOf(altered: readonly Altered[]): readonly unknown[] {
  return [
    altered.map(({ one }) => one.queueId),
    altered.map(({ one }) => numberOf(one.id)),
    altered.map(({ row }) => row.state),
    altered.map(({ row }) => row.destination),
    altered.map(({ row }) => (row.reason === null ? null : plain(row.reason))),
    altered.map(({ row }) => row.sentence),
    altered.map(({ row }) => row.isPardoned === 1),
    altered.map(({ row }) => row.isReleased === 1),
  ]
}
