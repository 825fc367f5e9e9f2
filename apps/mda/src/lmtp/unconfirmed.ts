import type { Clock } from '@cartero/wire'

/** How long a client may take to come again with what it had no answer for. */
export const RETRY_WINDOW_MS = 3_600_000

/** Messages whose answers may have been lost, at a time; the oldest are forgotten first. */
export const MOST_UNCONFIRMED = 10_000

interface Attempt {
  readonly key: string
  readonly since: number
}

/**
 * Messages of which nobody knows yet whether the client has heard that they were delivered. When it comes again with the same
 * octets, they get the same key, so that no mailbox has them twice; once it has gone on, the same octets are another message.
 * Forgotten with the process.
 */
// RFC 1047
export class Unconfirmed {
  readonly #clock: Clock
  readonly #attempts = new Map<string, Attempt>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The key of an earlier attempt with this digest, or `fresh` from now on. */
  keyOf(digest: string, fresh: string): string {
    const known = this.#attempts.get(digest)
    if (known !== undefined && this.#clock.now() - known.since < RETRY_WINDOW_MS) return known.key
    this.#attempts.delete(digest)
    if (this.#attempts.size >= MOST_UNCONFIRMED) this.#attempts.delete(this.#attempts.keys().next().value!)
    this.#attempts.set(digest, { key: fresh, since: this.#clock.now() })
    return fresh
  }

  /** Its client has heard the answer. */
  confirm(digest: string): void {
    this.#attempts.delete(digest)
  }
}
