import type { Clock } from '@cartero/wire'

/** How long a client may take to come again with what it had no answer for. */
export const RETRY_WINDOW_MS = 3_600_000

/** Recipients whose answers may have been lost, at a time; the oldest are forgotten first. */
export const MOST_UNCONFIRMED = 10_000

interface Attempt {
  readonly id: string
  readonly since: number
}

/**
 * Recipients of messages of whom nobody knows yet whether the client has heard that they have it. When it comes again with the
 * same octets, for all of them or for some, it gets the same id, so that no mailbox has them twice; once it has gone on, the
 * same octets are another message. Forgotten with the process.
 */
// RFC 1047
export class Unconfirmed {
  readonly #clock: Clock
  readonly #attempts = new Map<string, Attempt>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The id of an earlier attempt with this digest for any of them, or `fresh` from now on. */
  idOf(digest: string, recipients: readonly string[], fresh: string): string {
    const now = this.#clock.now()
    const names = namesOf(digest, recipients)
    const known = names.map((name) => this.#attempts.get(name)).find((attempt) => attempt !== undefined)
    const isRecent = known !== undefined && now - known.since < RETRY_WINDOW_MS
    const attempt = isRecent ? known : { id: fresh, since: now }
    for (const name of names) this.#keep(name, attempt)
    return attempt.id
  }

  /** Its client has heard the answers. */
  confirm(digest: string, recipients: readonly string[]): void {
    for (const name of namesOf(digest, recipients)) this.#attempts.delete(name)
  }

  #keep(name: string, attempt: Attempt): void {
    this.#attempts.delete(name)
    if (this.#attempts.size >= MOST_UNCONFIRMED) this.#attempts.delete(this.#attempts.keys().next().value!)
    this.#attempts.set(name, attempt)
  }
}

function namesOf(digest: string, recipients: readonly string[]): readonly string[] {
  return recipients.map((recipient) => `${digest} ${recipient}`)
}
