import type { Trouble } from '@cartero/spool/notices'

/** Wait after the first failure of a destination, doubled with each that follows, up to the longest. Milliseconds. */
// What mends by itself (a restart, a full backlog) does so within minutes; an hour's outage should not cost another hour.
export const FIRST_BACK_OFF_MS: number = 60_000
export const LONGEST_BACK_OFF_MS: number = 30 * 60_000

/** Share by which a wait is shorter or longer, so that destinations behind one dead line do not come back together. */
export const BACK_OFF_JITTER: number = 0.2

/** How long what is said for good holds for what comes meanwhile. */
// Long enough for all that is due to hear it; short enough that a mistake in somebody's DNS costs little.
export const FINAL_WORD_MS: number = 60_000

/** What is remembered of failures: nothing is attempted until then, and what becomes due hears the same. Times as `Clock.elapsed`. */
export class BackOff {
  readonly #random: () => number
  #failures = 0
  #until = 0
  #trouble: Trouble | undefined

  /** @param random at least 0 and less than 1 */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Consecutive failures. */
  get failures(): number {
    return this.#failures
  }

  /** Until when nothing is attempted; 0 for never. */
  get until(): number {
    return this.#until
  }

  /** Why nothing is attempted now; undefined when something may be. */
  troubleAt(elapsed: number): Trouble | undefined {
    return elapsed < this.#until ? this.#trouble : undefined
  }

  fail(trouble: Trouble, elapsed: number): void {
    this.#trouble = trouble
    if (trouble.kind === 'failed') {
      this.#until = elapsed + FINAL_WORD_MS
      return
    }
    const wait = Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(this.#failures, 20), LONGEST_BACK_OFF_MS)
    this.#failures += 1
    this.#until = elapsed + Math.round(wait * (1 - BACK_OFF_JITTER + 2 * BACK_OFF_JITTER * this.#random()))
  }

  /** All that was due has heard it: what was said for good is asked anew. */
  heard(): void {
    if (this.#trouble?.kind === 'failed') this.forget()
  }

  forget(): void {
    this.#failures = 0
    this.#until = 0
    this.#trouble = undefined
  }
}
