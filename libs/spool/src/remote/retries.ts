import { pause, type Clock } from '@cartero/wire'

import { REMOTE_SPOOL_LIMITS } from './limits.ts'

/** How long is waited before a spool that is away is asked again: longer each time. */
export class Retries {
  readonly #clock: Clock
  #wait: number = REMOTE_SPOOL_LIMITS.firstRetry

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** It was there. */
  begin(): void {
    this.#wait = REMOTE_SPOOL_LIMITS.firstRetry
  }

  async pause(signal: AbortSignal): Promise<void> {
    const wait = this.#wait
    this.#wait = Math.min(wait * 2, REMOTE_SPOOL_LIMITS.longestRetry)
    await pause(this.#clock, wait, signal)
  }
}
