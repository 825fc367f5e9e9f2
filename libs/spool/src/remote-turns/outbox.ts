/** What is to be said on a stream: put in at any time, taken out in order, without end until it is closed. */
export class Outbox<T> implements AsyncIterable<T> {
  #items: T[] = []
  #isClosed = false
  #failure: unknown
  #wake: (() => void) | undefined

  /** Nothing when it is closed: nobody would hear it. */
  put(item: T): void {
    if (this.#isClosed) return
    this.#items.push(item)
    this.#wake?.()
  }

  /** What was put in is still taken out. */
  close(): void {
    this.#isClosed = true
    this.#wake?.()
  }

  /** Nothing more is said, and whoever takes it out learns why. */
  fail(reason: unknown): void {
    this.#failure = reason
    this.close()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      yield* this.#items.splice(0)
      if (this.#failure !== undefined) throw this.#failure
      if (this.#items.length > 0) continue
      if (this.#isClosed) return
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
