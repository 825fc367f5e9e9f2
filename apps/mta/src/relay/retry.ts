import type { Delivery } from '@cartero/spool'
import { delayMoment, lastMoment, type NoticeSettings, type RecipientResult } from '@cartero/spool/notices'

import { retryClassOf } from './retry-class.ts'
import type { RetrySchedule } from './settings.ts'

/** The moment of an attempt, and what is known besides its results. */
export interface RetryCircumstances {
  readonly now: number
  /** Until when the destination is left alone; 0 when it is not. */
  readonly notBefore: number
}

/** When a delivery is tried again. */
export class Retry {
  readonly #schedule: RetrySchedule
  readonly #settings: NoticeSettings
  readonly #random: () => number

  /** @param random at least 0 and less than 1 */
  constructor(schedule: RetrySchedule, settings: NoticeSettings, random: () => number) {
    this.#schedule = schedule
    this.#settings = settings
    this.#random = random
  }

  /**
   * Milliseconds since the epoch. By the schedule, and by what was said of those that wait, the soonest of them; never past the
   * moments at which the sender has to hear of the delay, and of the end.
   */
  at(
    delivery: Delivery,
    results: readonly RecipientResult[],
    { now, notBefore }: RetryCircumstances,
  ): number {
    const wait = this.#wait(delivery, results)
    const soonest = Math.max(now + wait, notBefore)
    const limits = [lastMoment(delivery.message, this.#settings), this.#delay(delivery)]
    return Math.min(soonest, ...limits.filter((moment) => moment > now))
  }

  #wait({ attempts }: Delivery, results: readonly RecipientResult[]): number {
    const scheduled = this.#scheduled(attempts)
    const isThrough = results.some(({ kind }) => kind === 'relayed' || kind === 'passed')
    let soonest = Infinity
    for (const result of results) {
      if (result.kind !== 'deferred') continue
      const { atLeast, isNextTurn } = retryClassOf(result)
      soonest = Math.min(soonest, isThrough && isNextTurn ? 0 : Math.max(scheduled, atLeast))
    }
    return soonest === Infinity ? scheduled : soonest
  }

  #scheduled(attempts: number): number {
    const { waits, jitter } = this.#schedule
    const wait = waits[Math.min(attempts, waits.length - 1)] ?? 0
    return Math.round(wait * (1 - jitter + 2 * jitter * this.#random()))
  }

  /** When somebody is to be told that it takes long; nobody is told twice. */
  #delay({ message, recipients }: Delivery): number {
    const isDue = message.envelope.reversePath !== '' && recipients.some(({ told }) => told === undefined)
    return isDue ? delayMoment(message, this.#settings) : Infinity
  }
}
