import { OperatorError, type Component, type Health } from '@cartero/agent/lifecycle'
import type { Logger } from '@cartero/agent/telemetry'
import { pause, systemClock, type Clock, type MaybePromise } from '@cartero/wire'

/** Milliseconds between two attempts: who comes up is found within moments, and who is down is not kept busy. */
export const ATTEMPT_EVERY = 500

export interface ServiceOptions<T> {
  /** Among the components: `broker`. */
  readonly name: string
  /** What is waited for, in words: `the broker at nats-1:4222`. */
  readonly what: string
  /** What an operator does when it does not come. */
  readonly remedy: string
  /** Milliseconds until it must be there. */
  readonly patience: number
  readonly logger: Logger
  readonly clock?: Clock
  /** Whatever has to be closed again is given to `closing`. Rejects while it is not there. */
  readonly open: (closing: AsyncDisposableStack, signal: AbortSignal) => Promise<T>
  /** How it is once it is open. */
  health?(open: T): MaybePromise<Health>
}

/**
 * Something that is needed and may not be there yet: it is tried again until it is, or patience is over, so that the order in which
 * processes are started does not matter. It says meanwhile what it waits for.
 */
export class Service<T> implements Component {
  readonly name: string
  readonly #options: ServiceOptions<T>
  #open: { readonly it: T; readonly closing: AsyncDisposableStack } | undefined
  /** Why it is not there; undefined before it was tried. */
  #reason: string | undefined

  constructor(options: ServiceOptions<T>) {
    this.name = options.name
    this.#options = options
  }

  /** Only after the start. */
  get open(): T {
    if (this.#open === undefined) throw new Error(`${this.name}: asked for before it was opened`)
    return this.#open.it
  }

  async start(signal: AbortSignal): Promise<void> {
    const { what, remedy, patience, clock = systemClock } = this.#options
    const deadline = clock.elapsed() + patience
    for (;;) {
      const failure = await this.#attempt(signal)
      if (failure === undefined) return
      signal.throwIfAborted()
      if (failure instanceof OperatorError) throw failure
      this.#tell(failure)
      if (clock.elapsed() + ATTEMPT_EVERY > deadline)
        throw new OperatorError(
          `${what} was not there within ${patience / 1_000} s: ${this.#reason}`,
          isTold(failure) ? failure.remedy : remedy,
          { cause: failure },
        )
      await pause(clock, ATTEMPT_EVERY, signal)
      signal.throwIfAborted()
    }
  }

  async stop(): Promise<void> {
    await this.#open?.closing.disposeAsync()
  }

  async health(): Promise<Health> {
    const { what, remedy } = this.#options
    if (this.#open !== undefined) return (await this.#options.health?.(this.#open.it)) ?? { status: 'ok' }
    if (this.#reason === undefined) return { status: 'ok', detail: 'its turn has not come' }
    return { status: 'failing', reason: `waits for ${what}: ${this.#reason}`, hint: remedy }
  }

  /** Undefined when it is open. A bug is thrown. */
  async #attempt(signal: AbortSignal): Promise<unknown> {
    await using opening = new AsyncDisposableStack()
    try {
      const it = await this.#options.open(opening, signal)
      this.#open = { it, closing: opening.move() }
      return undefined
    } catch (error) {
      if (error instanceof TypeError) throw error
      return error
    }
  }

  #tell(failure: unknown): void {
    const reason = failure instanceof Error ? failure.message : String(failure)
    if (reason === this.#reason) return
    this.#reason = reason
    const { logger, name, what } = this.#options
    logger.warn('service.awaited', { name, what, reason })
  }
}

/** Errors of the broker say what to do. */
function isTold(error: unknown): error is Error & { readonly remedy: string } {
  return error instanceof Error && 'remedy' in error && typeof error.remedy === 'string'
}
