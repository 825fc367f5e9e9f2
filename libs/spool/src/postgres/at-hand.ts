import type { Clock } from '@cartero/wire'

import type { Delivery } from '../ports.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import type { Taken } from './taking.ts'
import type { WakeUp } from './wake-up.ts'

export interface AtHandParts {
  readonly clock: Clock
  readonly wakeUp: WakeUp
}

/**
 * What was leased for those who wait here as it was written: they get it without asking the database. It is looked for there, too, whenever
 * somebody says that there is something, and in any case from time to time.
 */
export class AtHand {
  readonly #clock: Clock
  readonly #wakeUp: WakeUp
  #takers = 0
  #waiting: Delivery[] = []
  /** What is being written. */
  #promised = 0
  /** The database has no more, as far as is known. */
  #isCaughtUp = false
  #seen = -1
  #lookedAt = -Infinity

  constructor({ clock, wakeUp }: AtHandParts) {
    this.#clock = clock
    this.#wakeUp = wakeUp
  }

  /** Whoever comes looks for himself. */
  enter(): void {
    this.#takers += 1
    this.#lookedAt = -Infinity
  }

  /** Whether nobody is left. */
  leave(): boolean {
    this.#takers -= 1
    return this.#takers === 0
  }

  /**
   * Whether so many may be leased as they are written: somebody waits, and for nothing that was there before them. If so, `put` or
   * `withdraw` has to follow.
   */
  promise(count: number): boolean {
    const known = this.#waiting.length + this.#promised
    if (this.#takers === 0 || !this.#isCaughtUp || known + count > POSTGRES_SPOOL_LIMITS.atHand) return false
    this.#promised += count
    return true
  }

  withdraw(promised: number): void {
    this.#promised -= promised
  }

  /** Leased and written. False when nobody is left who would take them. */
  put(deliveries: readonly Delivery[], promised: number): boolean {
    this.#promised -= promised
    if (this.#takers === 0) return false
    if (deliveries.length === 0) return true
    this.#waiting.push(...deliveries)
    if (deliveries.some(hasUrgency)) this.#waiting.sort((a, b) => urgencyOf(a) - urgencyOf(b))
    this.#wakeUp.stir()
    return true
  }

  /** The next of what is at hand; of the database, by `take`, when it may have some. */
  async next(limit: number, take: () => Promise<Taken>): Promise<readonly Delivery[]> {
    if (!this.#isLookDue) return this.#waiting.splice(0, limit)
    const { deliveries } = await this.#look(take)
    return deliveries.length > 0 ? deliveries : this.#waiting.splice(0, limit)
  }

  /** Leases that have ended otherwise. */
  drop(isOver: (delivery: Delivery) => boolean): readonly Delivery[] {
    const over = this.#waiting.filter(isOver)
    if (over.length > 0) this.#waiting = this.#waiting.filter((delivery) => !isOver(delivery))
    return over
  }

  async #look(take: () => Promise<Taken>): Promise<Taken> {
    this.#seen = this.#wakeUp.calls
    this.#lookedAt = this.#clock.elapsed()
    try {
      const taken = await take()
      this.#isCaughtUp = taken.isShort
      return taken
    } catch (error) {
      this.#isCaughtUp = false
      throw error
    }
  }

  get #isLookDue(): boolean {
    return (
      !this.#isCaughtUp ||
      this.#seen !== this.#wakeUp.calls ||
      this.#clock.elapsed() - this.#lookedAt >= POSTGRES_SPOOL_LIMITS.lookAgain
    )
  }
}

function urgencyOf({ message }: Delivery): number {
  return -(message.envelope.priority ?? 0)
}

function hasUrgency(delivery: Delivery): boolean {
  return urgencyOf(delivery) !== 0
}
