import type { Delivery } from '@cartero/spool'
import type { RecipientResult } from '@cartero/spool/notices'

import { isThrough } from '../relay/settler.ts'

/** What came of a turn. */
export interface TurnCount {
  /** Deliveries that the customer has taken, for one recipient at least, and their octets. */
  readonly messages: number
  readonly octets: number
  /** Deliveries that wait on, and those that he does not want, for one recipient at least. */
  readonly deferred: number
  readonly failed: number
  readonly milliseconds: number
}

/** Counts what comes of a turn, and knows when all of it is settled. */
export class TurnTally {
  readonly #beganAt: number
  #messages = 0
  #octets = 0
  #deferred = 0
  #failed = 0
  #unsettled = 0
  #allSettled: (() => void) | undefined

  /** @param beganAt as `Clock.elapsed` */
  constructor(beganAt: number) {
    this.#beganAt = beganAt
  }

  /** It is about to be settled. */
  add({ message }: Delivery, results: readonly RecipientResult[]): void {
    this.#unsettled += 1
    if (results.some((result) => isThrough(result))) {
      this.#messages += 1
      this.#octets += message.prefix.length + message.size
    }
    if (results.some(({ kind }) => kind === 'deferred')) this.#deferred += 1
    if (results.some(({ kind }) => kind === 'failed')) this.#failed += 1
  }

  /** One of them is settled. */
  oneSettled(): void {
    this.#unsettled -= 1
    if (this.#unsettled === 0) this.#allSettled?.()
  }

  /** Until all of it is. */
  async settled(): Promise<void> {
    if (this.#unsettled > 0) await new Promise<void>((resolve) => (this.#allSettled = resolve))
  }

  /** @param elapsed as `Clock.elapsed` */
  count(elapsed: number): TurnCount {
    return {
      messages: this.#messages,
      octets: this.#octets,
      deferred: this.#deferred,
      failed: this.#failed,
      milliseconds: Math.round(elapsed - this.#beganAt),
    }
  }
}
