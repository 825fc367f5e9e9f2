import type { Clock } from '@cartero/wire'

/** Accounts remembered at a time; the longest idle is forgotten first, and a forgotten account starts with a full bucket. */
export const MOST_ACCOUNTS = 10_000

interface Bucket {
  tokens: number
  filledAt: number
}

/** What an account may send: `burst` recipients at once, and `perHour` in the long run. */
export interface Rate {
  readonly perHour: number
  readonly burst: number
}

/** A token bucket for each account, counted in recipients: a stolen password must not become a spam cannon. */
export class RateLimit {
  readonly #rate: Rate
  readonly #clock: Clock
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  /** Takes one token, or says that there is none. */
  take(account: string): boolean {
    const bucket = this.#bucket(account)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }

  #bucket(account: string): Bucket {
    const now = this.#clock.now()
    const known = this.#buckets.get(account)
    const bucket = known ?? { tokens: this.#rate.burst, filledAt: now }
    const earned = ((now - bucket.filledAt) * this.#rate.perHour) / 3_600_000
    bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + earned)
    bucket.filledAt = now
    this.#buckets.delete(account)
    this.#buckets.set(account, bucket)
    this.#forgetLongestIdle()
    return bucket
  }

  #forgetLongestIdle(): void {
    if (this.#buckets.size <= MOST_ACCOUNTS) return
    const [longestIdle] = this.#buckets.keys()
    this.#buckets.delete(longestIdle!)
  }
}
