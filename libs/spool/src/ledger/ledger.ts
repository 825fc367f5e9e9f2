import type { Clock } from '@cartero/wire'

import type { Delivery, DeliveryId, Outcome, QueueId, Routed, SpooledMessage } from '../ports.ts'
import type { Change, DestinationName, LeaseTerms } from '../queue.ts'
import { alter, URGING } from './alteration.ts'
import { Bell } from './bell.ts'
import type { Callboard } from './callboard.ts'
import type { Entry } from './entry.ts'
import { DEAD_LETTER_RETENTION_MS, type Item } from './item.ts'
import { Lanes } from './lanes.ts'
import { Leases } from './leases.ts'
import { ReadyQueues } from './ready.ts'

/** How long an alarm waits at most: a clock that was set is noticed within a minute. */
const LONGEST_WAIT_MS = 60_000

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
 * Messages and deliveries in memory, and how they are handed out. Knows the states, not where they are kept.
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
  readonly #ready: ReadyQueues
  readonly #leases: Leases
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
    this.#ready = new ReadyQueues(clock)
    this.#leases = new Leases(clock, (items) => this.#lapse(items))
  }

  /** Everything that is not done, in the order in which it was taken in. */
  get entries(): ReadonlyMap<QueueId, E> {
    return this.#entries
  }

  /** Destinations that something in memory is due for. */
  get calls(): Callboard {
    return this.#ready.calls
  }

  get ready(): ReadyQueues {
    return this.#ready
  }

  /** Messages that nobody has asked for yet, and deliveries to our own mailboxes, about. */
  get idle(): number {
    return this.#unrouted.length + this.#ready.local
  }

  /** Aborts when the ledger is closed. */
  get end(): AbortSignal {
    return this.#end.signal
  }

  get isClosed(): boolean {
    return this.#end.signal.aborted
  }

  /**
   * Takes an entry in, in whatever state its deliveries are. `isQuiet`: nobody has to be told what it makes due, since whoever
   * looks through the destinations finds it.
   */
  admit(entry: E, isQuiet = false): void {
    this.#entries.set(entry.message.queueId, entry)
    entry.isGone = false
    if (entry.items === undefined) this.#unroute(entry)
    else for (const item of entry.items) this.#place(item, isQuiet)
  }

  /** Forgets an entry without a word: it is kept elsewhere. Not for entries that somebody works on. */
  evict(entry: Entry): void {
    this.#entries.delete(entry.message.queueId)
    for (const item of entry.items ?? []) this.#deferred.delete(item)
    entry.isGone = true
    this.#gone += 1
    if (this.#gone > MAX_GONE) this.#sweep()
  }

  #sweep(): void {
    this.#gone = 0
    this.#unrouted.retain(isUnrouted)
    this.#ready.sweep()
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
      // What an operator held or removed meanwhile is as it was said then.
      if (entry === undefined || entry.isRouted || entry.isHeldUnrouted) continue
      this.#handed.delete(entry)
      entry.route(deliveries, this.#clock.now())
      for (const item of entry.items ?? []) this.#place(item)
      this.#conclude(entry)
    }
  }

  async *lease(limit: number, signal: AbortSignal): AsyncGenerator<readonly Delivery[], void> {
    const ended = AbortSignal.any([signal, this.#end.signal])
    while (!ended.aborted) {
      const batch = this.take('local', limit)
      if (batch.length > 0) yield batch
      else await this.#due.wait(ended)
    }
  }

  /** Leases what is ready for a destination; without terms until it is settled or given back. */
  take(destination: DestinationName, limit: number, terms?: LeaseTerms): readonly Item[] {
    const batch: Item[] = []
    while (batch.length < limit && !this.isClosed) {
      const item = this.#ready.shift(destination)
      if (item === undefined) break
      // At once: the same one may be in the queue twice.
      item.state = 'leased'
      batch.push(item)
    }
    this.#leases.give(batch, terms)
    for (const { entry } of batch) this.#keeper.changed(entry as E)
    this.#keeper.taken()
    return batch
  }

  /** Outcomes of what is not leased are ignored. Returns the deliveries that changed. */
  settle(outcomes: readonly Outcome[]): readonly Item[] {
    const settled: Item[] = []
    const ending = { now: this.#clock.now(), retention: this.#retention }
    for (const outcome of outcomes) {
      const item = this.#leases.find(outcome.id)
      if (item === undefined) continue
      item.settle(outcome, ending)
      settled.push(item)
      this.#move(item)
    }
    return settled
  }

  giveBack(ids: Iterable<DeliveryId>): void {
    for (const id of ids) {
      const item = this.#leases.find(id)
      if (item === undefined) continue
      item.ready()
      this.#move(item)
    }
  }

  #lapse(items: readonly Item[]): void {
    for (const item of items) {
      item.lapse()
      this.#move(item)
    }
  }

  /** Makes what is deferred for a destination due now, but for what its sender holds back. Returns how many there were. */
  urge(destination: DestinationName): number {
    let count = 0
    for (const item of this.#deferred) {
      if (item.destination !== destination || item.attempts === 0) continue
      item.ready()
      this.#move(item)
      count += 1
    }
    return count
  }

  /** An operator's change of what is here, or of a dead letter, which comes back with it. False when nothing changed. */
  change(entry: E, item: Item, change: Change): boolean {
    if (item.state === 'leased' || this.#handed.has(entry) || !alter(item, change)) return false
    if (!entry.isRouted && item.state === 'removed') entry.route([], this.#clock.now())
    if (URGING.has(change.kind) && item.isOutbound) this.#ready.call(item.destination, 0, true)
    if (!entry.isGone) {
      if (!entry.isRouted && item.state === 'ready') this.#unroute(entry)
      this.#move(item)
    } else if (entry.isDone) this.#keeper.done(entry)
    else {
      this.admit(entry)
      this.#keeper.changed(entry)
    }
    return true
  }

  /** Ends the loops; what is leased becomes `ready`. */
  close(): void {
    this.#end.abort()
    this.#cancelAlarm?.()
    this.giveBack(this.#leases.ids)
  }

  /** After a change of state: to the place where it now belongs. */
  #move(item: Item): void {
    this.#leases.end(item)
    this.#deferred.delete(item)
    if (item.entry.isRouted) this.#place(item)
    this.#conclude(item.entry as E)
  }

  #conclude(entry: E): void {
    if (!entry.isDone) return this.#keeper.changed(entry)
    this.evict(entry)
    this.#keeper.done(entry)
  }

  #place(item: Item, isQuiet = false): void {
    if (item.state === 'deferred') return this.#defer(item)
    if (item.state !== 'ready') return
    this.#ready.push(item, isQuiet)
    if (!item.isOutbound) this.#due.ring()
  }

  #unroute(entry: E): void {
    if (entry.isHeldUnrouted) return
    this.#unrouted.push(entry, entry.priority)
    this.#arrived.ring()
  }

  #takeUnrouted(limit: number): readonly SpooledMessage[] {
    const batch: SpooledMessage[] = []
    while (batch.length < limit) {
      const entry = this.#unrouted.shift()
      if (entry === undefined) break
      if (!isUnrouted(entry) || this.#handed.has(entry)) continue
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
      item.ready()
      this.#move(item)
    }
    if (next !== Infinity) this.#setAlarm(next)
  }
}

function isUnrouted(entry: Entry): boolean {
  return !entry.isGone && !entry.isRouted && !entry.isHeldUnrouted
}
