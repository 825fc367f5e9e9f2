import type { SqlStore } from '@cartero/sql'

import { queueIdOf, type Entry } from '../ledger/entry.ts'
import { URGING } from '../ledger/alteration.ts'
import { isNewer, newestFirst } from '../ledger/filter.ts'
import type { Item } from '../ledger/item.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { ShapeCounter, SHAPED_DESTINATIONS } from '../ledger/shape.ts'
import { UncollectedCounter } from '../ledger/uncollected.ts'
import { itemsThat, summaryOf, viewOf } from '../ledger/summary.ts'
import type { DeliveryId, DeliverySummary, QueueId } from '../ports.ts'
import {
  OTHER_DESTINATIONS,
  type Change,
  type ChangeProgress,
  type DeliveryFilter,
  type DeliveryPage,
  type DestinationName,
  type MessageView,
  type QueueOffice,
  type ShapeCell,
  type ShapeWish,
  type UncollectedMail,
} from '../queue.ts'
import type { SpoolProcedures } from './procedures.ts'
import { entryOf, type KeptEntry } from './rows.ts'

/** Deliveries that are changed at once: each portion is one transaction, behind which others wait. */
const PORTION = 500
/** Matches that are counted at once. */
const COUNTED = 100_000

export interface QueueDeskParts {
  readonly store: SqlStore<SpoolProcedures>
  readonly ledger: Ledger<KeptEntry>
  /** Makes the state of these, as it is now, durable. */
  readonly record: (entries: Iterable<KeptEntry>) => Promise<void>
  /** Rows out of memory are others now. */
  readonly changed: (rows: ChangedRows) => Promise<void>
}

export interface ChangedRows {
  /** For which something is due now. */
  readonly destinations: readonly DestinationName[]
  readonly isUrged: boolean
  /** Messages of which nothing is left. */
  readonly over: readonly QueueId[]
  /** Messages more, or less, that wait. */
  readonly waiting: number
}

const isOther = ({ destination }: ShapeCell): boolean => destination === OTHER_DESTINATIONS

/**
 * The queue in memory and in rows, as one. A message may go from one to the other while we ask, so memory is looked at before
 * and after: nothing is missed, and what is seen twice is told once, as it is in memory.
 */
export class QueueDesk implements QueueOffice {
  readonly #parts: QueueDeskParts

  constructor(parts: QueueDeskParts) {
    this.#parts = parts
  }

  async list(
    filter: DeliveryFilter,
    page: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage> {
    const { limit, after } = page
    const memory = new Map(this.#parts.ledger.entries)
    const { found, until } = await this.#parts.store.call('list', { filter, limit, after })
    for (const [queueId, entry] of this.#parts.ledger.entries) memory.set(queueId, entry)
    const isOnPage = ({ id }: Item): boolean =>
      (after === undefined || isNewer(after, id)) && (until === undefined || !isNewer(until, id))
    const deliveries = [
      ...found.filter(({ queueId }) => !memory.has(queueId)),
      ...itemsThat(memory.values(), filter).filter(isOnPage).map(summaryOf),
    ].toSorted(newestFirst)
    const next = deliveries.length > limit ? deliveries[limit - 1]?.id : until
    return { deliveries: deliveries.slice(0, limit), ...(next !== undefined && { next }) }
  }

  async count(filter: DeliveryFilter): Promise<number> {
    const { state, destination, ...others } = filter
    const { store, ledger } = this.#parts
    const isCounted = Object.values(others).every((condition) => condition === undefined)
    if (isCounted && state !== 'delivered' && state !== 'removed') {
      const total = await store.call('total', {
        ...(state && { state }),
        ...(destination && { destination }),
      })
      return total + itemsThat(this.#unrecorded(), filter).length
    }
    let count = itemsThat(ledger.entries.values(), filter).length
    for (let after: DeliveryId | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      const part = await store.call('countPart', { filter, limit: COUNTED, after })
      count += part.count
      after = part.until
    }
    return count
  }

  async show(queueId: QueueId): Promise<MessageView | undefined> {
    const { ledger, store } = this.#parts
    const before = ledger.entries.get(queueId)
    const row = before === undefined ? await store.call('look', queueId) : undefined
    const entry = before ?? ledger.entries.get(queueId) ?? (row && entryOf(row, -Infinity))
    return entry && viewOf(entry)
  }

  async shape(wish: ShapeWish = {}): Promise<readonly ShapeCell[]> {
    const counter = new ShapeCounter()
    const unrecorded = this.#unrecorded()
    const { destinations = SHAPED_DESTINATIONS } = wish
    const recorded = await this.#parts.store.call('shape', { ...wish, destinations })
    for (const cell of recorded.filter(isOther)) counter.add(cell)
    const named = recorded.filter((cell) => !isOther(cell))
    if (wish.destination === undefined) counter.separate(named)
    else for (const cell of named) counter.add(cell)
    for (const entry of unrecorded) counter.count(entry)
    return counter.cells(wish)
  }

  async uncollected(): Promise<readonly UncollectedMail[]> {
    const counter = new UncollectedCounter()
    const unrecorded = this.#unrecorded()
    for (const mail of await this.#parts.store.call('uncollected')) counter.add(mail)
    for (const entry of unrecorded) counter.count(entry)
    return counter.domains
  }

  /** First what is in memory, then rows. What comes into memory meanwhile is told by the rows, and changed where it is then. */
  async *change(
    filter: DeliveryFilter,
    change: Change,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeProgress, void> {
    const { store, ledger, changed } = this.#parts
    const seen = new Set<DeliveryId>()
    let count = 0
    const progress = (deliveries: readonly DeliverySummary[]): ChangeProgress => {
      count += deliveries.length
      return { found: seen.size, changed: count, deliveries }
    }
    const ids = itemsThat(ledger.entries.values(), filter).map(({ id }) => id)
    for (let at = 0; at < ids.length && !signal.aborted; at += PORTION) {
      yield progress(await this.#changeInMemory(ids.slice(at, at + PORTION), { filter, change, seen }))
    }
    for (let after: DeliveryId | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false) {
      if (signal.aborted) return
      const part = await store.call('change', { filter, change, limit: PORTION, after })
      for (const id of part.found) seen.add(id)
      await changed({ ...part, isUrged: URGING.has(change.kind) })
      // What was on its way into memory is there when this is over.
      await new Promise((resolve) => setImmediate(resolve))
      const there = await this.#changeInMemory(part.loaded, { filter, change, seen })
      after = part.until
      yield progress([...part.changed, ...there])
    }
  }

  /** Returns those that changed. */
  async #changeInMemory(
    ids: readonly DeliveryId[],
    by: { readonly filter: DeliveryFilter; readonly change: Change; readonly seen: Set<DeliveryId> },
  ): Promise<readonly DeliverySummary[]> {
    const { ledger, record } = this.#parts
    const touched = new Set<KeptEntry>()
    const changed: DeliverySummary[] = []
    const entries = new Set(ids.map((id) => ledger.entries.get(queueIdOf(id))))
    entries.delete(undefined)
    const wanted = new Set(ids)
    for (const item of itemsThat(entries as Set<Entry>, by.filter)) {
      if (!wanted.has(item.id) || item.state === 'leased') continue
      by.seen.add(item.id)
      const entry = item.entry as KeptEntry
      if (!ledger.change(entry, item, by.change)) continue
      if (by.change.kind === 'release') entry.crashes = 0
      touched.add(entry)
      changed.push(summaryOf(item))
    }
    if (touched.size > 0) await record(touched)
    return changed
  }

  #unrecorded(): readonly KeptEntry[] {
    return [...this.#parts.ledger.entries.values()].filter((entry) => !entry.isRecorded)
  }
}
