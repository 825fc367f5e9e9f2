import type { Clock } from '@cartero/wire'

import type { Delivery, DeliveryId, NextHop, Outcome, QueueId, Routed, SpooledMessage } from '../ports.ts'
import { Bell } from './bell.ts'
import { DEAD_LETTER_RETENTION_MS, queueIdOf, unroutedId, type Entry, type Item } from './entry.ts'
import { Lanes } from './lanes.ts'

/** A timer counts to 2^31 ms at most; whatever is later is looked at once a day. */
const LONGEST_WAIT_MS = 86_400_000

/** Entries that may be in the queues though they have left. */
const MAX_GONE = 10_000

/** Who keeps the ledger's changes. Called at once, once per change. */
export interface LedgerKeeper<E extends Entry> {
  /** It was handed out, or its deliveries have changed, and it is not done. */
  changed(entry: E): void
  /** It has left the ledger: every delivery has a final state. */
  done(entry: E): void
  /** Something was handed out, so there is room for more. */
  taken(): void
}

/**
 * Messages and deliveries in memory, and the loops that hand them out. Knows the states, not where they are kept.
 *
 * accepted → routed → (`ready` → `leased` → `ready` | `deferred` | `held` | final)
 */
export class Ledger<E extends Entry = Entry> {
  readonly #clock: Clock
  readonly #keeper: LedgerKeeper<E>
  /** Milliseconds that dead letters are kept. */
  readonly #retention: number
  readonly #entries = new Map<QueueId, E>()
  readonly #unrouted = new Lanes<E>()
  readonly #handed = new Set<E>()
  readonly #ready = new Map<NextHop['kind'], Lanes<Item>>()
  readonly #leased = new Map<DeliveryId, Item>()
  readonly #deferred = new Set<Item>()
  readonly #arrived = new Bell()
  readonly #due = new Bell()
  readonly #end = new AbortController()
  /** Entries that left since the queues were swept. */
  #gone = 0
  #routers = 0
  #cancelAlarm: (() => void) | undefined
  #alarmAt = Infinity

  constructor(clock: Clock, keeper: LedgerKeeper<E>, retention: number = DEAD_LETTER_RETENTION_MS) {
    this.#clock = clock
    this.#keeper = keeper
    this.#retention = retention
  }

  /** Everything that is not done, in the order in which it was taken in. */
  get entries(): ReadonlyMap<QueueId, E> {
    return this.#entries
  }

  /** Messages and deliveries that nobody has asked for yet, about. */
  get idle(): number {
    let count = this.#unrouted.length
    for (const queue of this.#ready.values()) count += queue.length
    return count
  }

  get isClosed(): boolean {
    return this.#end.signal.aborted
  }

  /** Takes an entry in, in whatever state its deliveries are. */
  admit(entry: E): void {
    this.#entries.set(entry.message.queueId, entry)
    entry.isGone = false
    if (entry.items === undefined) this.#unroute(entry)
    else for (const item of entry.items) this.#place(item)
  }

  /** Forgets an entry without a word: it is kept elsewhere. Not for entries that somebody works on. */
  evict(entry: Entry): void {
    this.#entries.delete(entry.message.queueId)
    for (const item of entry.items ?? []) this.#deferred.delete(item)
    entry.isGone = true
    this.#gone += 1
    if (this.#gone > MAX_GONE) this.#sweep()
  }

  /** What is gone leaves the queues, in case nobody takes anything out of them. */
  #sweep(): void {
    this.#gone = 0
    this.#unrouted.retain((entry) => !entry.isGone && !entry.isRouted)
    for (const queue of this.#ready.values())
      queue.retain((item) => !item.entry.isGone && item.state === 'ready')
  }

  /** Somebody routes it or holds a lease of it. */
  isBusy(entry: E): boolean {
    return this.#handed.has(entry) || (entry.items?.some((item) => item.state === 'leased') ?? false)
  }

  async *arrivals(limit: number, signal: AbortSignal): AsyncGenerator<readonly SpooledMessage[], void> {
    const ended = AbortSignal.any([signal, this.#end.signal])
    this.#routers += 1
    try {
      while (!ended.aborted) {
        const batch = this.#takeUnrouted(limit)
        if (batch.length > 0) yield batch
        else await this.#arrived.wait(ended)
      }
    } finally {
      this.#routers -= 1
      if (this.#routers === 0) this.#takeBackUnrouted()
    }
  }

  route(routed: readonly Routed[]): void {
    for (const { queueId, deliveries } of routed) {
      const entry = this.#entries.get(queueId)
      if (entry === undefined || entry.isRouted) continue
      this.#handed.delete(entry)
      entry.route(deliveries, this.#clock.now())
      for (const item of entry.items ?? []) this.#place(item)
      this.#conclude(entry)
    }
  }

  async *lease(
    kind: NextHop['kind'],
    limit: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Delivery[], void> {
    const ended = AbortSignal.any([signal, this.#end.signal])
    while (!ended.aborted) {
      const batch = this.#takeReady(kind, limit)
      if (batch.length > 0) yield batch
      else await this.#due.wait(ended)
    }
  }

  /** Outcomes of what is not leased are ignored. Returns the deliveries that changed. */
  settle(outcomes: readonly Outcome[]): readonly Item[] {
    const settled: Item[] = []
    const ending = { now: this.#clock.now(), retention: this.#retention }
    for (const outcome of outcomes) {
      const item = this.#leased.get(outcome.id)
      if (item === undefined) continue
      item.settle(outcome, ending)
      settled.push(item)
      this.#move(item)
    }
    return settled
  }

  giveBack(ids: Iterable<DeliveryId>): void {
    for (const id of ids) {
      const item = this.#leased.get(id)
      if (item === undefined) continue
      item.state = 'ready'
      this.#move(item)
    }
  }

  /** What is held or deferred is ready. False when there is no such delivery here. */
  release(id: DeliveryId): boolean {
    const item = this.#find(id)
    if (!item?.release()) return false
    this.#move(item)
    return true
  }

  /** Ends what nobody works on. False when there is no such delivery here. */
  remove(id: DeliveryId): boolean {
    const entry = this.#entries.get(queueIdOf(id))
    if (entry !== undefined && id === unroutedId(entry)) return this.#discard(entry)
    const item = this.#find(id)
    if (!item?.remove()) return false
    this.#move(item)
    return true
  }

  #discard(entry: E): boolean {
    if (entry.isRouted || this.#handed.has(entry)) return false
    entry.route([], this.#clock.now())
    this.#conclude(entry)
    return true
  }

  /** Ends the loops; what is leased becomes `ready`. */
  close(): void {
    this.#end.abort()
    this.#cancelAlarm?.()
    this.giveBack([...this.#leased.keys()])
  }

  #find(id: DeliveryId): Item | undefined {
    const entry = this.#entries.get(queueIdOf(id))
    return entry?.items?.find((item) => item.id === id)
  }

  /** After a change of state: to the place where it now belongs. */
  #move(item: Item): void {
    this.#leased.delete(item.id)
    this.#deferred.delete(item)
    this.#place(item)
    this.#conclude(item.entry as E)
  }

  #conclude(entry: E): void {
    if (!entry.isDone) return this.#keeper.changed(entry)
    this.evict(entry)
    this.#keeper.done(entry)
  }

  #place(item: Item): void {
    if (item.state === 'ready') this.#makeReady(item)
    if (item.state === 'deferred') this.#defer(item)
  }

  #makeReady(item: Item): void {
    let queue = this.#ready.get(item.nextHop.kind)
    if (queue === undefined) this.#ready.set(item.nextHop.kind, (queue = new Lanes()))
    queue.push(item, item.entry.priority)
    this.#due.ring()
  }

  #takeReady(kind: NextHop['kind'], limit: number): readonly Item[] {
    const queue = this.#ready.get(kind)
    const batch: Item[] = []
    while (batch.length < limit) {
      const item = queue?.shift()
      if (item === undefined) break
      // Gone, removed, or in the queue twice after a release.
      if (item.state !== 'ready' || item.entry.isGone) continue
      item.state = 'leased'
      this.#leased.set(item.id, item)
      this.#keeper.changed(item.entry as E)
      batch.push(item)
    }
    this.#keeper.taken()
    return batch
  }

  #unroute(entry: E): void {
    this.#unrouted.push(entry, entry.priority)
    this.#arrived.ring()
  }

  #takeUnrouted(limit: number): readonly SpooledMessage[] {
    const batch: SpooledMessage[] = []
    while (batch.length < limit) {
      const entry = this.#unrouted.shift()
      if (entry === undefined) break
      if (entry.isGone || entry.isRouted) continue
      this.#handed.add(entry)
      this.#keeper.changed(entry)
      batch.push(entry.message)
    }
    this.#keeper.taken()
    return batch
  }

  #takeBackUnrouted(): void {
    const entries = [...this.#handed]
    this.#handed.clear()
    for (const entry of entries) this.#unroute(entry)
  }

  #defer(item: Item): void {
    this.#deferred.add(item)
    this.#setAlarm(item.notBefore)
  }

  /** One alarm for the earliest of all. */
  #setAlarm(at: number): void {
    if (at >= this.#alarmAt || this.isClosed) return
    this.#cancelAlarm?.()
    this.#alarmAt = at
    const wait = Math.min(Math.max(0, at - this.#clock.now()), LONGEST_WAIT_MS)
    this.#cancelAlarm = this.#clock.after(wait, () => this.#wakeDeferred())
  }

  #wakeDeferred(): void {
    this.#alarmAt = Infinity
    const now = this.#clock.now()
    let next = Infinity
    for (const item of this.#deferred) {
      if (item.notBefore > now) {
        next = Math.min(next, item.notBefore)
        continue
      }
      item.state = 'ready'
      this.#move(item)
    }
    if (next !== Infinity) this.#setAlarm(next)
  }
}
