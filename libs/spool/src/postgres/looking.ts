import { pause, type Clock } from '@cartero/wire'

import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import type { WakeUp } from './wake-up.ts'

export interface Looking<T> {
  readonly clock: Clock
  readonly wakeUp: WakeUp
  /** Whoever is woken by nobody looks again after this. */
  readonly every: number
  readonly trouble: (error: unknown) => void
  readonly look: () => Promise<readonly T[]>
}

/** What is found, batch by batch, until the signal aborts. A store that is away is asked again and again, less and less often. */
export async function* looking<T>(how: Looking<T>, ended: AbortSignal): AsyncGenerator<readonly T[], void> {
  const { clock, wakeUp, every, trouble, look } = how
  const backOff = new BackOff(clock)
  while (!ended.aborted) {
    const { rings } = wakeUp
    let found: readonly T[]
    try {
      found = await look()
      backOff.reset()
    } catch (error) {
      if (ended.aborted) return
      trouble(error)
      await backOff.wait(ended)
      continue
    }
    if (found.length > 0) yield found
    else await wakeUp.wait(rings, every, ended)
  }
}

/** How long to wait for a store that is away: longer each time. */
export class BackOff {
  readonly #clock: Clock
  #wait: number = POSTGRES_SPOOL_LIMITS.firstBackOff

  constructor(clock: Clock) {
    this.#clock = clock
  }

  reset(): void {
    this.#wait = POSTGRES_SPOOL_LIMITS.firstBackOff
  }

  async wait(signal: AbortSignal): Promise<void> {
    const milliseconds = this.#wait
    this.#wait = Math.min(milliseconds * 2, POSTGRES_SPOOL_LIMITS.longestBackOff)
    await pause(this.#clock, milliseconds, signal)
  }
}
