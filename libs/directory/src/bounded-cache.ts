import type { Clock } from '@cartero/wire'

interface Held<V> {
  readonly value: V
  readonly expires: number
}

/** Remembers a bounded number of values for a bounded time; what was not used for longest goes first. */
export class BoundedCache<V> {
  readonly #clock: Clock
  readonly #size: number
  readonly #milliseconds: number
  // A Map iterates in the order of insertion, so the first key is the one that was not used for longest.
  readonly #held = new Map<string, Held<V>>()

  constructor(clock: Clock, size: number, milliseconds: number) {
    this.#clock = clock
    this.#size = size
    this.#milliseconds = milliseconds
  }

  get size(): number {
    return this.#held.size
  }

  get(key: string): V | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return undefined
    this.#held.delete(key)
    if (held.expires <= this.#clock.now()) return undefined
    this.#held.set(key, held)
    return held.value
  }

  set(key: string, value: V): void {
    this.#held.delete(key)
    if (this.#held.size >= this.#size) this.#dropOldest()
    this.#held.set(key, { value, expires: this.#clock.now() + this.#milliseconds })
  }

  delete(key: string): void {
    this.#held.delete(key)
  }

  /** Forgets the values of which the condition is true. */
  deleteWhere(condition: (value: V) => boolean): void {
    for (const [key, held] of this.#held) if (condition(held.value)) this.#held.delete(key)
  }

  clear(): void {
    this.#held.clear()
  }

  #dropOldest(): void {
    for (const key of this.#held.keys()) {
      this.#held.delete(key)
      return
    }
  }
}
