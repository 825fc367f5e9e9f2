import {
  FIRST_BACK_OFF_MS,
  JITTER,
  LONGEST_BACK_OFF_MS,
  MOST_RESUMED,
  REFUSED_BACK_OFF_MS,
  WORRYING_FAILURES,
} from './limits.ts'
import type { VisitReport } from './report.ts'

/** Most doublings that are computed: the longest wait is reached long before. */
const DOUBLINGS = 20

/** When to go to a provider again. */
export class Schedule {
  readonly #every: number | undefined
  readonly #random: () => number
  #failures = 0
  #resumed = 0

  /**
   * @param every milliseconds between two visits; undefined: nobody goes by himself
   * @param random at least 0 and less than 1
   */
  constructor(every: number | undefined, random: () => number) {
    this.#every = every
    this.#random = random
  }

  /** So many visits in a row failed that somebody should know. */
  get isWorrying(): boolean {
    return this.#failures >= WORRYING_FAILURES
  }

  /** Milliseconds until the next visit; undefined when there is none but on demand. */
  after({ end, messages }: Pick<VisitReport, 'end' | 'messages'>): number | undefined {
    const isResumed = end === 'cutOff' && messages > 0 && this.#resumed < MOST_RESUMED
    this.#count(end, isResumed)
    if (this.#every === undefined || end === 'left') return undefined
    return isResumed
      ? 0
      : Math.round(this.#wait(end, this.#every) * (1 - JITTER + 2 * JITTER * this.#random()))
  }

  #count(end: VisitReport['end'], isResumed: boolean): void {
    if (end === 'left') return
    const isWell = end === 'fetched' || end === 'nothing'
    this.#resumed = isWell ? 0 : this.#resumed + Number(isResumed)
    this.#failures = isWell ? 0 : this.#failures + Number(!isResumed)
  }

  #wait(end: VisitReport['end'], every: number): number {
    if (this.#failures === 0) return every
    if (end === 'refused') return Math.max(every, REFUSED_BACK_OFF_MS)
    return Math.min(FIRST_BACK_OFF_MS * 2 ** Math.min(this.#failures - 1, DOUBLINGS), LONGEST_BACK_OFF_MS)
  }
}
