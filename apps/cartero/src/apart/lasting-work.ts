import type { Logger } from '@cartero/agent/telemetry'
import { systemClock, untilAborted, type Clock } from '@cartero/wire'

/** Milliseconds. */
export const LASTING_LIMITS = {
  /** After the work has failed, until it is begun again: whoever it needs may be back. */
  rest: 5_000,
  /** Work that has gone on for so long has begun well: longer than anybody waits for a stream of the broker. */
  settled: 40_000,
} as const

export interface LastingWorkOptions {
  readonly logger: Pick<Logger, 'error'>
  /** Told each time it fails for another reason. */
  readonly event: string
  /** Rejects when it cannot go on; fulfilled when the signal has aborted. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly clock?: Clock
}

/** Work that goes on until its process leaves: what ends it before is told, and it is begun again after a rest. */
export class LastingWork {
  readonly #options: LastingWorkOptions
  readonly #clock: Clock
  readonly #leaving = new AbortController()
  #going: Promise<void> = Promise.resolve()
  #failure: Error | undefined

  constructor(options: LastingWorkOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** Why it does not go on now. */
  get failure(): Error | undefined {
    return this.#failure
  }

  start(): void {
    this.#going = this.#go()
  }

  /** Fulfilled when what was at hand is done. */
  async leave(): Promise<void> {
    this.#leaving.abort()
    await this.#going
  }

  async #go(): Promise<void> {
    const { signal } = this.#leaving
    while (!signal.aborted) {
      const cancel = this.#clock.after(LASTING_LIMITS.settled, () => (this.#failure = undefined))
      try {
        await this.#options.run(signal)
      } catch (error) {
        if (!signal.aborted) this.#failed(error)
      } finally {
        cancel()
      }
      if (!signal.aborted) await this.#rest(signal)
    }
  }

  #failed(error: unknown): void {
    const before = this.#failure?.message
    this.#failure = error instanceof Error ? error : new Error(String(error))
    if (this.#failure.message !== before) this.#options.logger.error(this.#options.event, { err: error })
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const rested = Promise.withResolvers<void>()
    const cancel = this.#clock.after(LASTING_LIMITS.rest, rested.resolve)
    await untilAborted(rested.promise, signal).catch(() => undefined)
    cancel()
  }
}
