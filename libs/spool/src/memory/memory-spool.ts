import type { ContentId, ContentStore } from '@cartero/content'
import { systemClock, type Clock } from '@cartero/wire'

import { asSpoolError } from '../fault.ts'
import type { HandedOver, SpoolInlet } from '../handover/ports.ts'
import { Entry } from '../ledger/entry.ts'
import { DEAD_LETTER_RETENTION_MS } from '../ledger/item.ts'
import { Ledger } from '../ledger/ledger.ts'
import { ShapeCounter } from '../ledger/shape.ts'
import { UncollectedCounter } from '../ledger/uncollected.ts'
import { itemsThat, pageOf, summaryOf, viewOf } from '../ledger/summary.ts'
import {
  SpoolError,
  type Delivery,
  type DeliveryId,
  type Envelope,
  type IntakeDraft,
  type Outcome,
  type QueueId,
  type Routed,
  type Spool,
  type SpooledMessage,
} from '../ports.ts'
import type {
  Change,
  ChangeProgress,
  DeliveryFilter,
  DeliveryPage,
  DestinationName,
  DueDestination,
  LeaseTerms,
  MessageView,
  ShapeCell,
  ShapeWish,
  UncollectedMail,
} from '../queue.ts'
import { QueueIds } from '../queue-id.ts'

export interface MemorySpoolOptions {
  readonly content: ContentStore
  readonly clock?: Clock
  /** Milliseconds that dead letters are kept. */
  readonly keepDeadLetters?: number
}

/** Destinations told at once. */
const CALLS = 500

/** A spool that forgets everything with the process. */
export class MemorySpool implements Spool, SpoolInlet {
  readonly #content: ContentStore
  readonly #clock: Clock
  readonly #ids: QueueIds
  readonly #ledger: Ledger
  readonly #dead = new Map<QueueId, Entry>()
  readonly #takenIn = new Set<QueueId>()

  constructor(options: MemorySpoolOptions) {
    const { content, clock = systemClock, keepDeadLetters = DEAD_LETTER_RETENTION_MS } = options
    this.#content = content
    this.#clock = clock
    this.#ids = new QueueIds(clock)
    const keeper = { changed: () => {}, done: (entry: Entry) => this.#finish(entry), taken: () => {} }
    this.#ledger = new Ledger(clock, keeper, keepDeadLetters)
  }

  begin(envelope: Envelope): IntakeDraft {
    const draft = this.#content.begin()
    const queueId = this.#ids.next()
    return {
      queueId,
      write: (bytes) => draft.write(bytes),
      commit: async (prefix, found, index) => {
        if (this.#ledger.isClosed) throw new SpoolError('unavailable', 'the spool is closed')
        const content = await draft.commit().catch((cause) => Promise.reject(asSpoolError(cause)))
        const acceptedAt = this.#clock.now()
        const { size } = draft
        this.#ledger.admit(
          new Entry({
            queueId,
            envelope: { ...envelope, ...found },
            prefix: Buffer.from(prefix),
            content,
            size,
            acceptedAt,
            ...(index && { index }),
          }),
        )
        return queueId
      },
      abort: () => draft.abort(),
    }
  }

  async takeIn(batch: readonly HandedOver[]): Promise<void> {
    for (const one of batch) {
      if (this.#ledger.isClosed) throw new SpoolError('unavailable', 'the spool is closed')
      if (this.#takenIn.has(one.queueId)) continue
      this.#takenIn.add(one.queueId)
      const { content, ...message } = one
      const stored = content.kind === 'stored' ? content : await this.#store(content.octets)
      this.#ledger.admit(new Entry({ ...message, content: stored.id, size: stored.size }))
    }
  }

  async #store(octets: Buffer): Promise<{ readonly id: ContentId; readonly size: number }> {
    const draft = this.#content.begin()
    await draft.write(octets)
    return { id: await draft.commit(), size: octets.length }
  }

  arrivals(limit: number, signal: AbortSignal): AsyncIterable<readonly SpooledMessage[]> {
    return this.#ledger.arrivals(limit, signal)
  }

  async route(routed: readonly Routed[]): Promise<void> {
    this.#ledger.route(routed)
  }

  lease(_nextHop: 'local', limit: number, signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    return this.#ledger.lease(limit, signal)
  }

  async *due(signal: AbortSignal): AsyncGenerator<readonly DueDestination[], void> {
    const { ready, calls, end } = this.#ledger
    const ended = AbortSignal.any([signal, end])
    ready.callAll()
    while (!ended.aborted) {
      const batch = calls.take(CALLS)
      if (batch.length > 0) yield batch
      else await calls.wait(ended)
    }
  }

  async take(destination: DestinationName, limit: number, terms: LeaseTerms): Promise<readonly Delivery[]> {
    return this.#ledger.take(destination, limit, terms)
  }

  async urge(destination: DestinationName): Promise<number> {
    const count = this.#ledger.urge(destination)
    this.#ledger.ready.call(destination, 0, true)
    return count
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    this.#ledger.settle(outcomes)
  }

  giveBack(ids: readonly DeliveryId[]): void {
    this.#ledger.giveBack(ids)
  }

  async list(
    filter: DeliveryFilter,
    page: { readonly limit: number; readonly after?: DeliveryId },
  ): Promise<DeliveryPage> {
    return pageOf(this.#all(), filter, page)
  }

  async count(filter: DeliveryFilter): Promise<number> {
    return itemsThat(this.#all(), filter).length
  }

  async show(queueId: QueueId): Promise<MessageView | undefined> {
    const entry = this.#ledger.entries.get(queueId) ?? this.#dead.get(queueId)
    return entry && viewOf(entry)
  }

  async shape(wish?: ShapeWish): Promise<readonly ShapeCell[]> {
    const counter = new ShapeCounter()
    for (const entry of this.#all()) counter.count(entry)
    return counter.cells(wish)
  }

  async uncollected(): Promise<readonly UncollectedMail[]> {
    const counter = new UncollectedCounter()
    for (const entry of this.#all()) counter.count(entry)
    return counter.domains
  }

  async *change(
    filter: DeliveryFilter,
    change: Change,
    signal: AbortSignal,
  ): AsyncGenerator<ChangeProgress, void> {
    if (signal.aborted) return
    const found = itemsThat(this.#all(), filter).filter(({ state }) => state !== 'leased')
    const changed = found.filter((item) => {
      if (!this.#ledger.change(item.entry, item, change)) return false
      if (!item.entry.isDone) this.#dead.delete(item.message.queueId)
      return true
    })
    yield { found: found.length, changed: changed.length, deliveries: changed.map(summaryOf) }
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    return this.#all()
      .map((entry) => entry.message.content)
      .filter((id) => id.startsWith(prefix))
  }

  get waiting(): number {
    return this.#ledger.entries.size
  }

  async close(): Promise<void> {
    this.#ledger.close()
  }

  #all(): Entry[] {
    this.#forget()
    return [...this.#ledger.entries.values(), ...this.#dead.values()]
  }

  #finish(entry: Entry): void {
    const { queueId, content } = entry.message
    entry.isGone = true
    if (entry.deadLetters.length > 0) this.#dead.set(queueId, entry)
    else {
      this.#dead.delete(queueId)
      this.#content.unpin(content)
    }
  }

  /** Dead letters whose time is over; when somebody looks is soon enough. */
  #forget(): void {
    for (const entry of this.#dead.values()) if (entry.forget(this.#clock.now())) this.#finish(entry)
  }
}
