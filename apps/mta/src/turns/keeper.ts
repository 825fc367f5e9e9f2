import {
  HOUR_MS,
  destinationOf,
  type DeliverySummary,
  type DestinationName,
  type QueueOffice,
  type UncollectedMail,
} from '@cartero/spool'
import { pause, type Clock } from '@cartero/wire'

import type { Customers } from './customers.ts'
import { SWEEP_MS } from './limits.ts'

const DAY_MS = 24 * HOUR_MS

/** Deliveries that are looked at together. */
const PAGE = 500

export interface KeeperDependencies {
  readonly office: Pick<QueueOffice, 'change' | 'list' | 'show'>
  readonly customers: Customers
  readonly clock: Clock
  /** What waits now; told at each look. */
  readonly counted: (waiting: readonly UncollectedMail[]) => void
  /** Sees to it that contacts are told. Must not reject. */
  readonly notify: (waiting: readonly UncollectedMail[]) => Promise<void>
  readonly expired: (domain: string, deliveries: number) => void
  readonly failed: (error: unknown) => void
}

/**
 * Sees that nothing waits for a customer for ever. Counters are looked at, by hours; only when they show something that is old
 * enough, it is looked for, once an hour for each domain. So mail goes back within an hour after its time is over.
 */
export class Keeper {
  readonly #on: KeeperDependencies
  /** The hour in which it was looked for last, by domain. */
  readonly #lookedIn = new Map<string, number>()

  constructor(dependencies: KeeperDependencies) {
    this.#on = dependencies
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    do await this.sweep(signal)
    while (await pause(this.#on.clock, SWEEP_MS, signal))
  }

  /** Never rejects. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { customers, counted, notify, failed } = this.#on
    try {
      await customers.refresh()
      const waiting = [...customers.waiting]
      counted(waiting)
      await notify(waiting)
      for (const mail of waiting) if (!signal.aborted && this.#isDue(mail)) await this.#expire(mail, signal)
      this.#forget(waiting)
    } catch (error) {
      if (!signal.aborted) failed(error)
    }
  }

  #isDue({ domain, oldestHour }: UncollectedMail): boolean {
    const { customers, clock } = this.#on
    const now = clock.now()
    if (oldestHour * HOUR_MS > now - customers.termsOf(domain).keep) return false
    const hour = Math.floor(now / HOUR_MS)
    if (this.#lookedIn.get(domain) === hour) return false
    this.#lookedIn.set(domain, hour)
    return true
  }

  #forget(waiting: readonly UncollectedMail[]): void {
    const domains = new Set(waiting.map(({ domain }) => domain))
    for (const domain of this.#lookedIn.keys()) if (!domains.has(domain)) this.#lookedIn.delete(domain)
  }

  /** What an operator holds stays, and so does what is on its way just now. */
  async #expire({ domain }: UncollectedMail, signal: AbortSignal): Promise<void> {
    const { keep } = this.#on.customers.termsOf(domain)
    const destination = destinationOf({ kind: 'odmr', domain })
    const acceptedBefore = this.#on.clock.now() - keep
    let expired = 0
    for (const state of ['ready', 'deferred'] as const)
      for await (const ids of this.#overdue({ destination, acceptedBefore, state })) {
        const reason = `the server of ${domain} has not collected it in ${daysOf(keep)}`
        for await (const { changed } of this.#on.office.change({ ids }, { kind: 'expire', reason }, signal))
          expired += changed
        if (signal.aborted) return
      }
    if (expired > 0) this.#on.expired(domain, expired)
  }

  async *#overdue(filter: {
    readonly destination: DestinationName
    readonly acceptedBefore: number
    readonly state: 'ready' | 'deferred'
  }): AsyncGenerator<readonly string[], void> {
    const { office } = this.#on
    for (let page = await office.list(filter, { limit: PAGE }); ;) {
      const { deliveries, next } = page
      const overdue: string[] = []
      for (const delivery of deliveries)
        if (await this.#isReleasedBefore(delivery, filter.acceptedBefore)) overdue.push(delivery.id)
      if (overdue.length > 0) yield overdue
      if (next === undefined) return
      page = await office.list(filter, { limit: PAGE, after: next })
    }
  }

  /** The time that its sender held it back does not count. */
  // RFC 4865 §4
  async #isReleasedBefore({ queueId }: DeliverySummary, moment: number): Promise<boolean> {
    const view = await this.#on.office.show(queueId)
    return (view?.envelope.holdUntil ?? 0) <= moment
  }
}

/** Such as `30 days`, or `12 hours` where it is not so long. */
export function daysOf(milliseconds: number): string {
  const [count, unit] =
    milliseconds >= DAY_MS
      ? [Math.floor(milliseconds / DAY_MS), 'day']
      : [Math.max(1, Math.floor(milliseconds / HOUR_MS)), 'hour']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
