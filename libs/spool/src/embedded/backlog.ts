import type { SqlStore } from '@cartero/sql'
import type { Clock } from '@cartero/wire'

import type { SpoolProcedures } from './procedures.ts'
import { entryOf, type KeptEntry } from './rows.ts'

/** Messages read back at once. */
const PAGE = 250
/** Until reading is tried again after it failed. */
const RETRY_MS = 1_000
/** How long an alarm waits at most: a clock that was set is noticed within a minute. */
const LONGEST_WAIT_MS = 60_000

export interface BacklogParts {
  readonly store: SqlStore<SpoolProcedures>
  readonly clock: Clock
  readonly hasRoom: () => boolean
  readonly admit: (entry: KeptEntry) => void
  /** Reading failed; it is tried again. */
  readonly trouble: (error: unknown) => void
}

/** Messages that wait in SQLite and not in memory, and their way back, but for what is taken by destination. */
export class Backlog {
  readonly #parts: BacklogParts
  /** Messages out of memory that wait. */
  #waiting: number
  #nextDue = 0
  #alarmAt = Infinity
  #cancel: (() => void) | undefined
  #reading: Promise<void> | undefined
  #isClosed = false

  constructor(parts: BacklogParts, waiting: number) {
    this.#parts = parts
    this.#waiting = waiting
  }

  get waiting(): number {
    return this.#waiting
  }

  /** Recorded entries have left memory; so many of them wait, the others are dead letters. */
  add(entries: readonly KeptEntry[], waiting: number): void {
    if (entries.length === 0) return
    const { store, trouble } = this.#parts
    this.#waiting += waiting
    for (const entry of entries) this.#nextDue = Math.min(this.#nextDue, entry.ownDue ?? Infinity)
    const queueIds = entries.map((entry) => entry.message.queueId)
    store.call('unload', queueIds).catch(trouble)
    this.refill()
  }

  /** Reads back what is due as far as there is room, and sets an alarm for the rest. */
  refill(): void {
    const { clock, hasRoom, trouble } = this.#parts
    if (this.#isClosed || this.#reading !== undefined || this.#nextDue === Infinity) return
    const now = clock.now()
    if (this.#nextDue > now) return this.#setAlarm(this.#nextDue - now)
    if (!hasRoom()) return
    this.#reading = this.#read(now)
      .catch((error: unknown) => {
        trouble(error)
        this.#nextDue = now + RETRY_MS
      })
      .finally(() => {
        this.#reading = undefined
        this.refill()
      })
  }

  /** So many more, or less, of those out of memory wait, and something of them may be due. */
  changed(waiting: number): void {
    this.#waiting += waiting
    this.#nextDue = 0
    this.refill()
  }

  /** So many of them came into memory. */
  returned(waiting: number): void {
    this.#waiting -= waiting
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancel?.()
    await this.#reading
  }

  async #read(now: number): Promise<void> {
    const { store, admit } = this.#parts
    // What is added while we read may be due sooner than what the answer knows of.
    this.#nextDue = Infinity
    const { rows, nextDue } = await store.call('take', { now, limit: PAGE })
    this.#nextDue = Math.min(this.#nextDue, nextDue ?? Infinity)
    this.#waiting -= rows.filter((row) => row.isWaiting).length
    for (const row of rows) admit(entryOf(row, now))
  }

  #setAlarm(wait: number): void {
    const at = this.#parts.clock.now() + wait
    if (at >= this.#alarmAt) return
    this.#cancel?.()
    this.#alarmAt = at
    this.#cancel = this.#parts.clock.after(Math.min(wait, LONGEST_WAIT_MS), () => {
      this.#alarmAt = Infinity
      this.refill()
    })
  }
}
