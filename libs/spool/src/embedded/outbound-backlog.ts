import type { SqlStore } from '@cartero/sql'
import type { Clock } from '@cartero/wire'

import type { ReadyQueues } from '../ledger/ready.ts'
import { isCollected, type DestinationName } from '../queue.ts'
import type { LaneCursor } from './lane-reader.ts'
import type { SpoolProcedures } from './procedures.ts'
import { entryOf, type KeptEntry } from './rows.ts'

/** Destinations told at once. */
export const CALLS = 500
/** Deliveries read back at once. */
const PAGE = 500
/** Until reading is tried again after it failed. */
const RETRY_MS = 1_000
/** How long an alarm waits at most: a clock that was set is noticed within a minute. */
const LONGEST_WAIT_MS = 60_000
/** Destinations of which it is known when SQLite has something for them. */
export const MAX_KNOWN = 10_000

export interface OutboundBacklogParts {
  readonly store: SqlStore<SpoolProcedures>
  readonly clock: Clock
  readonly ready: ReadyQueues
  /** Takes entries into memory; nobody has to be told of them. */
  readonly admit: (entry: KeptEntry) => void
  /** So many of those that wait are not out of memory any more. */
  readonly returned: (waiting: number) => void
  /** Nothing at all is out of memory. */
  readonly isEmpty: () => boolean
  /** Reading failed; it is tried again. */
  readonly trouble: (error: unknown) => void
}

/**
 * Mail for elsewhere that is in SQLite and not in memory. Who is told what: `lane` has, for each destination, when the first of
 * its rows is due. It is read from cursors on, so each destination is told once; nothing has to be remembered for it, however
 * many there are. A row of something that is in memory may hide one that is not. So what `take` finds out about a destination is
 * remembered, too, for the last MAX_KNOWN of them; when one of these is forgotten, all lanes are told again a minute later.
 */
export class OutboundBacklog {
  readonly #parts: OutboundBacklogParts
  /** Up to where lanes were told, by priority. */
  #cursors = new Map<number, LaneCursor>()
  /** When the first lane behind the cursors is due. */
  #nextLane = 0
  /** When the first row out of memory is due, by destination; Infinity is never. */
  readonly #known = new Map<DestinationName, number>()
  /** When the first of those that are known is due and was not told. */
  #nextKnown = Infinity
  #lookedAt = -Infinity
  #rewindAt = Infinity
  readonly #reads = new Map<DestinationName, Promise<void>>()
  #cancel: (() => void) | undefined
  #alarmAt = Infinity
  #isListening = false
  #isClosed = false

  constructor(parts: OutboundBacklogParts) {
    this.#parts = parts
  }

  /** Somebody new wants to be told of everything that is due. */
  listen(): void {
    this.#isListening = true
    this.#rewind()
    this.#parts.ready.callAll()
  }

  stopListening(): void {
    this.#isListening = false
    this.#cancelAlarm()
  }

  /**
   * Posts calls for what is due: a page each time, no more than are taken from the board then, and no fewer, so that what is in
   * memory keeps nothing waiting that is not.
   */
  async tell(): Promise<void> {
    this.#lookAround()
    if (this.#nextLane <= this.#parts.clock.now()) await this.#readLanes()
    this.#setAlarm()
  }

  /** Rows of this entry are out of memory from now on. */
  left(entry: KeptEntry): void {
    for (const { isOutbound, destination, state, notBefore } of entry.items ?? []) {
      if (!isOutbound || (state !== 'ready' && state !== 'deferred')) continue
      const due = state === 'ready' ? 0 : notBefore
      const known = this.#known.get(destination)
      if (known !== undefined && due < known) this.#know(destination, due)
      // What is ready was told when it became so; of what customers come for nobody is told.
      if (due > 0 && !isCollected(destination)) this.#expect(entry.priority, due)
    }
    this.#setAlarm()
  }

  /** Somebody changed rows of these out of memory: they are due, or may be. */
  changed(destinations: Iterable<DestinationName>, isUrged: boolean): void {
    for (const destination of destinations) {
      this.#known.delete(destination)
      this.#parts.ready.call(destination, 0, isUrged)
    }
  }

  /** A lease of what has a row came to an end: the row may have hidden others that are due by now. */
  ended(destination: DestinationName): void {
    if (this.#mayHave(destination)) this.#parts.ready.call(destination, 0)
  }

  /** Brings into memory what is due for a destination. Undefined: there is nothing to bring. */
  fetch(destination: DestinationName, limit: number): Promise<void> | undefined {
    const reading = this.#reads.get(destination)
    if (reading !== undefined) return reading.then(() => this.fetch(destination, limit))
    if (this.#isClosed || !this.#mayHave(destination)) return undefined
    const read = this.#fetch(destination, limit)
      .catch((error: unknown) => {
        this.#parts.trouble(error)
        this.#know(destination, this.#parts.clock.now() + RETRY_MS)
      })
      .finally(() => this.#reads.delete(destination))
    this.#reads.set(destination, read)
    return read
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelAlarm()
    await Promise.all(this.#reads.values())
  }

  async #fetch(destination: DestinationName, limit: number): Promise<void> {
    const { store, clock, admit, returned } = this.#parts
    let left = limit
    while (left > 0 && this.#mayHave(destination)) {
      // What leaves memory while we read may be due sooner than what the answer knows of.
      this.#know(destination, Infinity)
      const now = clock.now()
      const wanted = { destination, now, limit: Math.min(left, PAGE) }
      const { rows, nextDue } = await store.call('takeFor', wanted)
      this.#know(destination, Math.min(this.#known.get(destination) ?? Infinity, nextDue ?? Infinity))
      returned(rows.filter((row) => row.isWaiting).length)
      for (const row of rows) admit(entryOf(row, now))
      // Not by pages: what left memory while a page was read is read with the next.
      left -= rows.length
    }
  }

  #mayHave(destination: DestinationName): boolean {
    if (this.#parts.isEmpty()) return false
    return (this.#known.get(destination) ?? 0) <= this.#parts.clock.now()
  }

  #know(destination: DestinationName, due: number): void {
    this.#known.delete(destination)
    this.#known.set(destination, due)
    const isAwaited = !isCollected(destination)
    if (isAwaited && due > this.#lookedAt && due < this.#nextKnown) {
      this.#nextKnown = due
      this.#setAlarm()
    }
    if (this.#known.size <= MAX_KNOWN) return
    const [oldest, when] = this.#known.entries().next().value ?? [destination, Infinity]
    this.#known.delete(oldest)
    if (when !== Infinity && !isCollected(oldest))
      this.#rewindAt = Math.min(this.#rewindAt, this.#parts.clock.now() + LONGEST_WAIT_MS)
  }

  /** A row says so. If the clock was set back, it is behind the cursor only when that goes back, too. */
  #expect(priority: number, due: number): void {
    const cursor = this.#cursors.get(priority)
    // Another map: what is being read now must not put the cursor forward again.
    if (cursor !== undefined && cursor[1] >= due)
      this.#cursors = new Map(this.#cursors).set(priority, [priority, due - 1, ''])
    this.#nextLane = Math.min(this.#nextLane, due)
  }

  /** Of what is known: calls for what became due since. */
  #lookAround(): void {
    const { ready, clock } = this.#parts
    const now = clock.now()
    if (ready.hasForgotten || now >= this.#rewindAt) this.#rewind()
    if (this.#nextKnown > now) return
    const since = Math.min(this.#lookedAt, now)
    this.#lookedAt = now
    this.#nextKnown = Infinity
    for (const [destination, due] of this.#known) {
      if (isCollected(destination)) continue
      if (due > now) this.#nextKnown = Math.min(this.#nextKnown, due)
      else if (due > since) ready.call(destination, 0)
    }
  }

  #rewind(): void {
    this.#parts.ready.hasForgotten = false
    this.#rewindAt = Infinity
    this.#cursors = new Map()
    this.#nextLane = 0
  }

  async #readLanes(): Promise<void> {
    const { store, clock, ready, trouble } = this.#parts
    const asked = this.#cursors
    // What leaves memory while we read may be due sooner than what the answer knows of.
    this.#nextLane = Infinity
    try {
      const cursors = [...asked.values()]
      const found = await store.call('lanes', { now: clock.now(), limit: CALLS, cursors })
      this.#nextLane = Math.min(this.#nextLane, found.nextDue ?? Infinity)
      for (const { destination, priority } of found.lanes) ready.call(destination, priority)
      this.#advance(asked, found.cursors)
    } catch (error) {
      trouble(error)
      this.#nextLane = clock.now() + RETRY_MS
    }
  }

  /** Not where somebody moved them back meanwhile. */
  #advance(asked: ReadonlyMap<number, LaneCursor>, cursors: readonly LaneCursor[]): void {
    if (this.#cursors !== asked) return
    for (const cursor of cursors) this.#cursors.set(cursor[0], cursor)
  }

  #setAlarm(): void {
    const at = Math.min(this.#nextLane, this.#nextKnown, this.#rewindAt)
    if (!this.#isListening || this.#isClosed || at >= this.#alarmAt) return
    this.#cancelAlarm()
    const { clock, ready } = this.#parts
    this.#alarmAt = at
    this.#cancel = clock.after(Math.min(Math.max(0, at - clock.now()), LONGEST_WAIT_MS), () => {
      this.#alarmAt = Infinity
      if (clock.now() < at) this.#setAlarm()
      else ready.calls.ring()
    })
  }

  #cancelAlarm(): void {
    this.#cancel?.()
    this.#alarmAt = Infinity
  }
}
