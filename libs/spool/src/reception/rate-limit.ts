import type { Clock } from '@cartero/wire'

/** Accounts remembered at a time; the longest idle are forgotten first, and a forgotten account starts with a full bucket. */
export const MOST_ACCOUNTS = 10_000

interface Bucket {
  tokens: number
  /** As `Clock.elapsed`. */
  filledAt: number
}

/** What an account may send: `burst` recipients at once, and `perHour` in the long run. */
export interface Rate {
  readonly perHour: number
  readonly burst: number
}

/**
 * A token bucket for each account, counted in recipients: a stolen password must not become a spam cannon.
 *
 * Accounts are kept in two generations of half the number each. Moving each to the end of one Map at each use would be
 * exact and slow: V8 keeps what was deleted in the chain of its hash, so a busy account would cost microseconds.
 */
export class RateLimit {
  readonly #rate: Rate
  readonly #clock: Clock
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()

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
    const elapsed = this.#clock.elapsed()
    const bucket =
      this.#known(account) ?? this.#keep(account, { tokens: this.#rate.burst, filledAt: elapsed })
    const earned = ((elapsed - bucket.filledAt) * this.#rate.perHour) / 3_600_000
    bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + earned)
    bucket.filledAt = elapsed
    return bucket
  }

  #known(account: string): Bucket | undefined {
    const young = this.#young.get(account)
    if (young !== undefined) return young
    const old = this.#old.get(account)
    return old && this.#keep(account, old)
  }

  #keep(account: string, bucket: Bucket): Bucket {
    if (this.#young.size >= MOST_ACCOUNTS / 2) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(account, bucket)
    return bucket
  }
}
