import type { Clock } from '@cartero/wire'

/** Connections that are open or being opened, by host: none gets more than it may have, whatever destinations it serves. */
export class HostConnections {
  readonly #most: number
  readonly #clock: Clock
  readonly #counts = new Map<string, number>()
  #waiting: (() => void)[] = []

  constructor(most: number, clock: Clock) {
    this.#most = most
    this.#clock = clock
  }

  isFull(key: string): boolean {
    return (this.#counts.get(key) ?? 0) >= this.#most
  }

  enter(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
  }

  leave(key: string): void {
    const count = (this.#counts.get(key) ?? 0) - 1
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Fulfilled when one has left, the time is over, or the signal aborts. */
  left(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel()
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = this.#clock.after(milliseconds, wake)
      signal.addEventListener('abort', wake, { once: true })
      this.#waiting.push(wake)
    })
  }
}
