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
/** Checks that wait out a delay; each holds somebody's connection. */
export const MAX_DELAYED = 256

/**
 * Makes guessing at one login slow. It delays and never locks, or anybody could lock out anybody; right passwords that
 * were seen a short while ago are not delayed at all (PasswordCache). Who guesses at many logins from one place is for
 * the edges to see: no peer is known here.
 */
export class AuthThrottle {
  readonly #clock: Clock
  readonly #failures: BoundedCache<number>
  #delayed = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#failures = new BoundedCache(clock, MAX_LOGINS, FAILURE_MEMORY_MS)
  }

  /** Milliseconds that the next check of this login waits. */
  delayOf(login: string): number {
    const failures = this.#failures.get(login) ?? 0
    if (failures < FREE_FAILURES) return 0
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - FREE_FAILURES))
  }

  /** Waits the delay out. Rejects with `busy` when too many wait. */
  async delay(login: string): Promise<void> {
    const milliseconds = this.delayOf(login)
    if (milliseconds === 0) return
    if (this.#delayed >= MAX_DELAYED) {
      throw new DirectoryError('busy', 'too many logins wait after wrong passwords: try again later')
    }
    this.#delayed++
    await new Promise<void>((resolve) => void this.#clock.after(milliseconds, resolve))
    this.#delayed--
  }

  failed(login: string): void {
    this.#failures.set(login, (this.#failures.get(login) ?? 0) + 1)
  }

  succeeded(login: string): void {
    this.#failures.delete(login)
  }
}
