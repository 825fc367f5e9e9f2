import type { DueDestination } from '../index.ts'
import type { Bench } from './setup.ts'

/** Somebody who listens to what is due for as long as a test wants. */
export class Listener {
  readonly #end = new AbortController()
  readonly #iterator: AsyncIterator<readonly DueDestination[]>
  #next: Promise<IteratorResult<readonly DueDestination[]>> | undefined

  constructor(the: Bench) {
    this.#iterator = the.spool.due(this.#end.signal)[Symbol.asyncIterator]()
  }

  /** What is told now, urged ones with a `!`. */
  async hear(the: Bench): Promise<readonly string[]> {
    const told: string[] = []
    for (;;) {
      this.#next ??= this.#iterator.next()
      const found = await Promise.race([this.#next, the.settled().then(() => undefined)])
      if (found === undefined || found.done === true) return told
      this.#next = undefined
      told.push(...found.value.map(({ destination, isUrged }) => destination + (isUrged ? '!' : '')))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#next
  }
}
