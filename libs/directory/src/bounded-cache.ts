import type { Clock } from '@cartero/wire'

interface Held<V> {
  readonly value: V
  readonly expires: number
}

/**
 * Remembers a bounded number of values for a bounded time.
 *
 * Two generations, each of half the size: what is used goes to the young one, and when that is full it becomes the old
 * one, whose rest is dropped. A cache that moves each key to the end of a Map at each use would be exact, and slow:
 * V8 keeps deleted entries in the chain of their hash, so a key that is used often gets a chain of thousands.
 */
export class BoundedCache<V> {
  readonly #clock: Clock
  readonly #half: number
  readonly #milliseconds: number
  #young = new Map<string, Held<V>>()
  #old = new Map<string, Held<V>>()

  /** @param size the most values that are kept; at least half as many of those used last are */
  constructor(clock: Clock, size: number, milliseconds: number) {
    this.#clock = clock
    this.#half = Math.max(1, Math.floor(size / 2))
    this.#milliseconds = milliseconds
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): V | undefined {
    const held = this.#young.get(key) ?? this.#old.get(key)
    if (held === undefined) return undefined
    if (held.expires <= this.#clock.now()) {
      this.delete(key)
      return undefined
    }
    this.#hold(key, held)
    return held.value
  }

  set(key: string, value: V): void {
    this.#hold(key, { value, expires: this.#clock.now() + this.#milliseconds })
  }

  delete(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** Forgets the values of which the condition is true. */
  deleteWhere(condition: (value: V) => boolean): void {
    for (const generation of [this.#young, this.#old]) {
      for (const [key, held] of generation) if (condition(held.value)) generation.delete(key)
    }
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }

  #hold(key: string, held: Held<V>): void {
    if (this.#young.get(key) === held) return
    this.#old.delete(key)
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, held)
  }
}
