import type { Clock } from '@cartero/wire'

interface Kept<T> {
  readonly value: T
  readonly until: number
  readonly octets: number
}

/** What was answered, for as long as it may be kept. The one that was not used for the longest time makes room. */
export class AnswerCache<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #clock: Clock
  readonly #limits: { readonly cached: number; readonly cachedOctets: number }
  #octets = 0

  constructor(clock: Clock, limits: { readonly cached: number; readonly cachedOctets: number }) {
    this.#clock = clock
    this.#limits = limits
  }

  get(key: string): T | undefined {
    const kept = this.#kept.get(key)
    if (kept === undefined) return undefined
    this.#drop(key)
    if (kept.until <= this.#clock.now()) return undefined
    this.#put(key, kept)
    return kept.value
  }

  /** Keeps a value that weighs that many octets for `milliseconds`; not at all when that is zero, or more than there is room for. */
  keep(key: string, value: T, { milliseconds, octets }: { milliseconds: number; octets: number }): void {
    this.#drop(key)
    if (milliseconds <= 0 || octets > this.#limits.cachedOctets) return
    this.#put(key, { value, until: this.#clock.now() + milliseconds, octets })
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#limits.cached && this.#octets <= this.#limits.cachedOctets) break
      this.#drop(oldest)
    }
  }

  clear(): void {
    this.#kept.clear()
    this.#octets = 0
  }

  #put(key: string, kept: Kept<T>): void {
    this.#kept.set(key, kept)
    this.#octets += kept.octets
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key)
    if (kept === undefined) return
    this.#kept.delete(key)
    this.#octets -= kept.octets
  }
}
