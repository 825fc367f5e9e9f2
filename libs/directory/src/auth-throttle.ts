import type { Clock } from '@cartero/wire'
import { BoundedCache } from './bounded-cache.ts'
import { DirectoryError } from './directory-error.ts'

/** Wrong passwords that cost nothing: everybody mistypes. */
export const FREE_FAILURES = 3
/** The first delay; each further failure doubles it. */
export const FIRST_DELAY_MS = 250
/** The longest delay: a person with the right password waits it out, a guesser gets 15 guesses a minute and connection. */
export const MAX_DELAY_MS = 4000
/** After this long without a failure all is forgotten. */
export const FAILURE_MEMORY_MS = 15 * 60_000
/** Logins remembered, known or not. */
const MAX_LOGINS = 10_000
/** Checks of strangers that wait out a delay, and as many of those who are known; each holds somebody's connection. */
export const MAX_DELAYED = 256
/** Those of one peer among them, so that one cannot take all places: a mail client opens about that many connections. */
export const MAX_DELAYED_PER_PEER = 8
/** How long a place is known from which somebody logged in: people come back within a month, or have moved. */
export const KNOWN_PLACE_MS = 30 * 24 * 3_600_000
/** Pairs of login and place that are known: about 4 MB. */
const MAX_KNOWN_PLACES = 20_000

/**
 * Makes guessing at one login slow. It delays and never locks, or anybody could lock out anybody.
 *
 * Where an account's owner has logged in before, only the failures from there count: however many strangers guess at his
 * password, he neither waits for them nor for a place among them. Right passwords that were seen a short while ago are
 * not delayed at all (PasswordCache). Who guesses at many logins from one place is for the bans to see.
 */
export class AuthThrottle {
  readonly #clock: Clock
  readonly #failures: BoundedCache<number>
  readonly #known: BoundedCache<true>
  readonly #waiting = { strangers: new Waiting(), known: new Waiting() }

  constructor(clock: Clock) {
    this.#clock = clock
    this.#failures = new BoundedCache(clock, MAX_LOGINS, FAILURE_MEMORY_MS)
    this.#known = new BoundedCache(clock, MAX_KNOWN_PLACES, KNOWN_PLACE_MS)
  }

  /** Whether the account's owner has logged in from there. `from` is the peer's network, '' when it is not known. */
  isKnown(login: string, from: string): boolean {
    return from !== '' && this.#known.get(pair(login, from)) === true
  }

  /** Milliseconds that the next check of this login waits. */
  delayOf(login: string, from = ''): number {
    const failures = this.#failures.get(this.#countedAs(login, from)) ?? 0
    if (failures < FREE_FAILURES) return 0
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - FREE_FAILURES))
  }

  /** Waits the delay out. Rejects with `busy` when too many wait. */
  async delay(login: string, from = ''): Promise<void> {
    const milliseconds = this.delayOf(login, from)
    if (milliseconds === 0) return
    const waiting = this.isKnown(login, from) ? this.#waiting.known : this.#waiting.strangers
    if (!waiting.enter(from)) {
      throw new DirectoryError('busy', 'too many logins wait after wrong passwords: try again later')
    }
    await new Promise<void>((resolve) => void this.#clock.after(milliseconds, resolve))
    waiting.leave(from)
  }

  failed(login: string, from = ''): void {
    const key = this.#countedAs(login, from)
    this.#failures.set(key, (this.#failures.get(key) ?? 0) + 1)
  }

  succeeded(login: string, from = ''): void {
    this.forgive(login, from)
    if (from !== '') this.#known.set(pair(login, from), true)
  }

  /** Nothing is held against it any more. */
  forgive(login: string, from = ''): void {
    this.#failures.delete(this.#countedAs(login, from))
  }

  #countedAs(login: string, from: string): string {
    return this.isKnown(login, from) ? pair(login, from) : login
  }
}

/** A login has no NUL. */
function pair(login: string, from: string): string {
  return `${login}\0${from}`
}

/** Those who wait, counted in all and by peer. */
class Waiting {
  readonly #byPeer = new Map<string, number>()
  #all = 0

  enter(from: string): boolean {
    const count = this.#byPeer.get(from) ?? 0
    if (this.#all >= MAX_DELAYED || (from !== '' && count >= MAX_DELAYED_PER_PEER)) return false
    this.#byPeer.set(from, count + 1)
    this.#all++
    return true
  }

  leave(from: string): void {
    const count = (this.#byPeer.get(from) ?? 1) - 1
    if (count === 0) this.#byPeer.delete(from)
    else this.#byPeer.set(from, count)
    this.#all--
  }
}
