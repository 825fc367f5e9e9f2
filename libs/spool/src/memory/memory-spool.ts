import type { ContentId, ContentStore } from '@cartero/content'
import { systemClock, type Clock } from '@cartero/wire'

import { asSpoolError } from '../fault.ts'
import { DEAD_LETTER_RETENTION_MS, Entry, matches, queueIdOf, summaries, type Item } from '../ledger/entry.ts'
import { Ledger } from '../ledger/ledger.ts'
import {
  SpoolError,
  type Delivery,
  type DeliveryId,
  type DeliveryState,
  type DeliverySummary,
  type Envelope,
  type IntakeDraft,
  type NextHop,
  type Outcome,
  type QueueId,
  type Routed,
  type Spool,
  type SpooledMessage,
} from '../ports.ts'
import { QueueIds } from '../queue-id.ts'

export interface MemorySpoolOptions {
  readonly content: ContentStore
  readonly clock?: Clock
  /** Milliseconds that dead letters are kept. */
  readonly keepDeadLetters?: number
}

/** A spool that forgets everything with the process. */
export class MemorySpool implements Spool {
  readonly #content: ContentStore
  readonly #clock: Clock
  readonly #ids: QueueIds
  readonly #ledger: Ledger
  readonly #dead = new Map<QueueId, Entry>()

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

  arrivals(limit: number, signal: AbortSignal): AsyncIterable<readonly SpooledMessage[]> {
    return this.#ledger.arrivals(limit, signal)
  }

  async route(routed: readonly Routed[]): Promise<void> {
    this.#ledger.route(routed)
  }

  lease(kind: NextHop['kind'], limit: number, signal: AbortSignal): AsyncIterable<readonly Delivery[]> {
    return this.#ledger.lease(kind, limit, signal)
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    this.#ledger.settle(outcomes)
  }

  giveBack(ids: readonly DeliveryId[]): void {
    this.#ledger.giveBack(ids)
  }

  async release(ids: readonly DeliveryId[]): Promise<readonly DeliveryId[]> {
    return ids.filter((id) => this.#ledger.release(id) || this.#revive(id))
  }

  async remove(ids: readonly DeliveryId[]): Promise<readonly DeliveryId[]> {
    return ids.filter((id) => this.#ledger.remove(id) || this.#bury(id))
  }

  async inspect(filter: {
    readonly state?: DeliveryState
    readonly limit: number
  }): Promise<readonly DeliverySummary[]> {
    this.#forget()
    return [...this.#ledger.entries.values(), ...this.#dead.values()]
      .flatMap(summaries)
      .filter(matches(filter.state))
      .toSorted((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, filter.limit)
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    this.#forget()
    return [...this.#ledger.entries.values(), ...this.#dead.values()]
      .map((entry) => entry.message.content)
      .filter((id) => id.startsWith(prefix))
  }

  get waiting(): number {
    return this.#ledger.entries.size
  }

  async close(): Promise<void> {
    this.#ledger.close()
  }

  #finish(entry: Entry): void {
    if (entry.deadLetters.length > 0) this.#dead.set(entry.message.queueId, entry)
    else this.#content.unpin(entry.message.content)
  }

  /** Dead letters whose time is over; when somebody looks is soon enough. */
  #forget(): void {
    for (const [queueId, entry] of this.#dead) {
      if (!entry.forget(this.#clock.now()) || entry.deadLetters.length > 0) continue
      this.#dead.delete(queueId)
      this.#finish(entry)
    }
  }

  #deadLetter(id: DeliveryId): Item | undefined {
    return this.#dead.get(queueIdOf(id))?.deadLetters.find((item) => item.id === id)
  }

  #revive(id: DeliveryId): boolean {
    const item = this.#deadLetter(id)
    if (!item?.release()) return false
    this.#dead.delete(item.message.queueId)
    this.#ledger.admit(item.entry)
    return true
  }

  #bury(id: DeliveryId): boolean {
    const item = this.#deadLetter(id)
    if (!item?.remove()) return false
    this.#dead.delete(item.message.queueId)
    this.#finish(item.entry)
    return true
  }
}
