import type { Clock } from '@cartero/wire'

import type { Ledger } from '../ledger/ledger.ts'
import type { KeptEntry } from './rows.ts'

/** Of the window: below this, messages are read back. */
const MIN_FILL = 0.5
/** Of the window: when it is full, so much of it stays. */
const KEPT_FILL = 0.75
/** Octets of envelopes and prefixes in memory: a thousand recipients make a heavy message. */
export const WINDOW_OCTETS: number = 32 * 1024 * 1024
/** A destination that nobody took anything for in this time keeps nothing in memory that others need. */
const DORMANT_MS = 5_000

export interface MemoryWindowParts {
  readonly ledger: Ledger<KeptEntry>
  readonly clock: Clock
  /** Messages. */
  readonly window: number
  /** These have left memory; so many of them wait, the others are dead letters. */
  readonly evicted: (entries: readonly KeptEntry[], waiting: number) => void
}

/** How much of what waits is in memory, and who leaves when that is too much. */
export class MemoryWindow {
  readonly #parts: MemoryWindowParts
  /** Octets of envelopes and prefixes in memory. */
  #weight = 0

  constructor(parts: MemoryWindowParts) {
    this.#parts = parts
  }

  /** What somebody works on needs its memory anyway; it must not keep others from being worked on. */
  get hasRoom(): boolean {
    const { ledger, window } = this.#parts
    return ledger.idle < window * MIN_FILL && this.#weight < WINDOW_OCTETS
  }

  /** @param share of the window */
  isOver(share: number): boolean {
    const { ledger, window } = this.#parts
    return ledger.entries.size > window * share || this.#weight > WINDOW_OCTETS * share
  }

  entered(entry: KeptEntry): void {
    this.#weight += entry.weight
  }

  left(entry: KeptEntry): void {
    this.#weight -= entry.weight
  }

  /** These have just been recorded. What only waits leaves memory; when it is full, what is ready does, too. */
  relieve(entries: readonly KeptEntry[]): void {
    this.#evict(
      entries.filter((entry) => (entry.isGone ? entry.deadLetters.length > 0 : this.#isIdle(entry))),
    )
    if (this.isOver(1)) this.#evict(this.#excess())
  }

  /** First what nobody asks for, then the least urgent, then the newest. */
  #excess(): readonly KeptEntry[] {
    const { ledger, window, clock } = this.#parts
    const since = clock.now() - DORMANT_MS
    const leaving = [...ledger.entries.values()]
      .toReversed()
      .filter((entry) => this.#isEvictable(entry))
      .map((entry) => ({ entry, isDormant: this.#isDormant(entry, since) }))
    // The sort keeps the order of equals.
    leaving.sort((a, b) => Number(b.isDormant) - Number(a.isDormant) || a.entry.priority - b.entry.priority)
    const excess: KeptEntry[] = []
    let [count, weight] = [ledger.entries.size, this.#weight]
    for (const { entry } of leaving) {
      if (count <= window * KEPT_FILL && weight <= WINDOW_OCTETS * KEPT_FILL) break
      excess.push(entry)
      count -= 1
      weight -= entry.weight
    }
    return excess
  }

  #isDormant({ items }: KeptEntry, since: number): boolean {
    const { ready } = this.#parts.ledger
    return (
      items?.every(
        ({ state, isOutbound, destination }) =>
          state !== 'ready' || (isOutbound && ready.isDormant(destination, since)),
      ) ?? false
    )
  }

  #isIdle(entry: KeptEntry): boolean {
    return this.#isEvictable(entry) && (entry.due === null || entry.due > 0)
  }

  #isEvictable(entry: KeptEntry): boolean {
    return entry.isRecorded && !entry.isChanged && !this.#parts.ledger.isBusy(entry)
  }

  #evict(entries: readonly KeptEntry[]): void {
    const { ledger, evicted } = this.#parts
    let waiting = 0
    for (const entry of entries) {
      if (entry.isGone) continue
      ledger.evict(entry)
      this.#weight -= entry.weight
      waiting += 1
    }
    if (entries.length > 0) evicted(entries, waiting)
  }
}
