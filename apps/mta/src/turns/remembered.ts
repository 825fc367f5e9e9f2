import type { Clock } from '@cartero/wire'

/** Something that is asked for again when it is too old; asked once, however many wait for it. */
export class Remembered<T> {
  readonly #ask: () => Promise<T>
  readonly #age: number
  readonly #clock: Clock
  #value: T | undefined
  #readAt = -Infinity
  #reading: Promise<T> | undefined

  /** @param age milliseconds for which an answer is good */
  constructor(ask: () => Promise<T>, age: number, clock: Clock) {
    this.#ask = ask
    this.#age = age
    this.#clock = clock
  }

  /** The last answer, however old it is. */
  get value(): T | undefined {
    return this.#value
  }

  get isFresh(): boolean {
    return this.#clock.elapsed() - this.#readAt < this.#age
  }

  /** Rejects when it cannot be told; the last answer is kept. */
  async read(): Promise<T> {
    if (this.isFresh && this.#value !== undefined) return this.#value
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined))
    return await this.#reading
  }

  async #read(): Promise<T> {
    const askedAt = this.#clock.elapsed()
    this.#value = await this.#ask()
    this.#readAt = askedAt
    return this.#value
  }
}
