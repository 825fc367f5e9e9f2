import type { Clock } from '@cartero/wire'

interface Count {
  all: number
  /** Those of all over which mail goes. */
  working: number
}

/** One connection of a host, from before it is opened. */
export interface Place {
  /** The host takes mail. */
  works(): void
  leave(): void
}

/** Connections that are open or being opened, by host: none gets more than it may have, whatever destinations it serves. */
export class HostConnections {
  readonly #most: number
  readonly #clock: Clock
  readonly #counts = new Map<string, Count>()
  readonly #waiting = new Set<() => void>()

  constructor(most: number, clock: Clock) {
    this.#most = most
    this.#clock = clock
  }

  isFull(key: string): boolean {
    return (this.#counts.get(key)?.all ?? 0) >= this.#most
  }

  /** It takes mail over another connection at this moment. */
  isServing(key: string): boolean {
    return (this.#counts.get(key)?.working ?? 0) > 0
  }

  enter(key: string): Place {
    const count = this.#counts.get(key) ?? { all: 0, working: 0 }
    this.#counts.set(key, count)
    count.all++
    let isWorking = false
    return {
      works: () => {
        if (!isWorking) count.working++
        isWorking = true
      },
      leave: () => {
        if (isWorking) count.working--
        if (--count.all === 0) this.#counts.delete(key)
        for (const wake of this.#waiting) wake()
      },
    }
  }

  /** Fulfilled when one has left, the time is over, or the signal aborts. */
  left(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = this.#clock.after(milliseconds, wake)
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.add(wake)
    })
  }
}
