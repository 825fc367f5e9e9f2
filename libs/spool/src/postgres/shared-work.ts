interface Call<T> {
  readonly items: readonly T[]
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** Work that is done for many at once: what is brought while some of it is under way is done together next. */
export class SharedWork<T> {
  readonly #work: (items: readonly T[]) => Promise<void>
  readonly #together: number
  #waiting: Call<T>[] = []
  #isUnderWay = false

  /** @param together items at once, at most, but for those that are brought together */
  constructor(together: number, work: (items: readonly T[]) => Promise<void>) {
    this.#together = together
    this.#work = work
  }

  /** Begins at once when nothing is under way. Fulfilled when these are done; fails for all whose work failed together. */
  do(items: readonly T[]): Promise<void> {
    if (items.length === 0) return Promise.resolve()
    return new Promise((done, failed) => {
      this.#waiting.push({ items, done, failed })
      if (!this.#isUnderWay) void this.#go()
    })
  }

  async #go(): Promise<void> {
    this.#isUnderWay = true
    while (this.#waiting.length > 0) {
      const calls = this.#next()
      try {
        await this.#work(calls.length === 1 ? calls[0]!.items : calls.flatMap(({ items }) => items))
        for (const { done } of calls) done()
      } catch (error) {
        for (const { failed } of calls) failed(error)
      }
    }
    this.#isUnderWay = false
  }

  #next(): readonly Call<T>[] {
    let count = 0
    const end = this.#waiting.findIndex(({ items }) => (count += items.length) > this.#together)
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : Math.max(1, end))
  }
}
