import { pause, type Clock } from '@cartero/wire'

import { ContentStoreError } from '../ports.ts'

/** What one request to an object store takes at most. Times are in milliseconds. */
export const OBJECT_LIMITS = {
  /** A request with all its attempts: whoever waits for a `250` has to be told before he gives up. */
  deadline: 20_000,
  /** One attempt; a server that died in the middle must not cost the whole deadline. */
  attempt: 8_000,
  /** Attempts; more would only add to the load of a store that has too much of it. */
  attempts: 4,
  /** Before the second attempt; twice as long before each further one. */
  rest: 100,
} as const

export interface AttemptLimits {
  readonly deadline: number
  readonly attempt: number
  readonly attempts: number
  readonly rest: number
}

/** A fault that is over in a moment, perhaps: the same request may be made again. */
export class PassingFault extends Error {
  override readonly name = 'PassingFault'
}

/** Makes requests that may be made again, each with a deadline. */
export class Attempts {
  readonly #clock: Clock
  readonly #limits: AttemptLimits
  readonly #leaving = new AbortController()

  constructor(clock: Clock, limits: Partial<AttemptLimits> = {}) {
    this.#clock = clock
    this.#limits = { ...OBJECT_LIMITS, ...limits }
  }

  /**
   * @param what for the error, as in `put 0abc`; never a secret
   * @param request throws PassingFault for what is worth another attempt; anything else is final
   */
  async make<T>(what: string, request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { deadline, attempts, rest } = this.#limits
    const until = this.#clock.elapsed() + deadline
    let last: unknown
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0 && !(await this.#pause(rest * 2 ** (attempt - 1), until))) break
      const left = until - this.#clock.elapsed()
      if (left <= 0 || this.#leaving.signal.aborted) break
      try {
        return await this.#once(request, Math.min(left, this.#limits.attempt))
      } catch (error) {
        if (error instanceof ContentStoreError) throw error
        last = error
        if (!(error instanceof PassingFault)) break
      }
    }
    throw new ContentStoreError('io', this.#words(what, last), { cause: last })
  }

  /** What is under way fails, and nothing begins any more. */
  close(): void {
    this.#leaving.abort()
  }

  /** False when there is no time for it, or nobody waits any more. */
  async #pause(milliseconds: number, until: number): Promise<boolean> {
    if (this.#clock.elapsed() + milliseconds >= until) return false
    return await pause(this.#clock, milliseconds, this.#leaving.signal)
  }

  #words(what: string, last: unknown): string {
    if (this.#leaving.signal.aborted) return `${what}: the object store is closed`
    return `${what}: ${last instanceof Error ? last.message : 'the object store does not answer'}`
  }

  async #once<T>(request: (signal: AbortSignal) => Promise<T>, milliseconds: number): Promise<T> {
    const ending = new AbortController()
    const signal = AbortSignal.any([ending.signal, this.#leaving.signal])
    const late = Promise.withResolvers<never>()
    const giveUp = (): void => late.reject(new PassingFault('the object store does not answer in time'))
    signal.addEventListener('abort', giveUp, { once: true })
    const cancel = this.#clock.after(milliseconds, () => ending.abort())
    if (signal.aborted) giveUp()
    try {
      return await Promise.race([request(signal), late.promise])
    } finally {
      cancel()
      signal.removeEventListener('abort', giveUp)
    }
  }
}
