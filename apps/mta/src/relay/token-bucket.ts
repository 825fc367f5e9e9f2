import type { Clock } from '@cartero/wire'

/** Share of a minute's messages that may go at once after a pause. */
const BURST = 1 / 6

/** So many messages a minute, and no more. */
export class TokenBucket {
  readonly #perMillisecond: number
  readonly #capacity: number
  readonly #clock: Clock
  #tokens: number
  #filledAt: number

  constructor(perMinute: number, clock: Clock) {
    this.#perMillisecond = perMinute / 60_000
    this.#capacity = Math.max(1, Math.floor(perMinute * BURST))
    this.#clock = clock
    this.#tokens = this.#capacity
    this.#filledAt = clock.elapsed()
  }

  /** Takes one, or says that there is none. */
  take(): boolean {
    this.#fill()
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }

  /** Milliseconds until there is one; 0 when there is. */
  get wait(): number {
    this.#fill()
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMillisecond)
  }

  #fill(): void {
    const elapsed = this.#clock.elapsed()
    const earned = (elapsed - this.#filledAt) * this.#perMillisecond
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned)
    this.#filledAt = elapsed
  }
}
