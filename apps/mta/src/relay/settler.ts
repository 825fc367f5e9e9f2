import { SpoolError, type DeliveryId, type Outcome, type Spool } from '@cartero/spool'
import type { Notices, RecipientResult } from '@cartero/spool/notices'
import { pause, type Clock } from '@cartero/wire'

import { MOST_UNSETTLED, SETTLED_TOGETHER } from './limits.ts'
import type { AttemptFacts, Lane } from './ports.ts'
import type { Retry } from './retry.ts'
import type { Load } from './stock.ts'

/** First wait after the spool or a notice failed, doubled up to the longest. Milliseconds. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** How long to wait with a delivery that nothing can be told of, for a reason that is its own. Milliseconds. */
const UNTELLABLE_MS = 15 * 60_000

/** How it ended with one delivery. Times in milliseconds since the epoch. */
export interface Ending {
  readonly load: Load
  readonly lane: Lane
  readonly results: readonly RecipientResult[]
  /** What was seen; absent when nothing was attempted. */
  readonly facts?: AttemptFacts
  readonly endedAt: number
  /** Until when the destination is left alone; 0 when it is not. */
  readonly notBefore: number
}

export interface SettlerDependencies {
  readonly spool: Pick<Spool, 'settle' | 'giveBack'>
  readonly notices: Pick<Notices, 'conclude'>
  readonly retry: Retry
  /** Milliseconds from one settlement to the next, at least. */
  readonly gathering: number
  readonly clock: Clock
  readonly events: SettlerEvents
}

/** What is told of settlements. */
export interface SettlerEvents {
  /** It is known how it ended, and is about to be settled. */
  readonly relayed: (ending: Ending, outcome: Outcome) => void
  /** The spool or a notice failed; it is tried again. */
  readonly unsettled: (error: unknown) => void
}

interface Case {
  readonly ending: Ending
  outcome?: Outcome
  isTold?: true
}

/**
 * Tells senders and the spool how deliveries ended: what ends while one settlement runs shares the next.
 *
 * Guarantee: what was attempted is settled, or given back when that cannot be before the process ends. A notice is written
 * once, however often the settlement after it fails.
 */
export class Settler {
  readonly #on: SettlerDependencies
  readonly #ending: AbortSignal
  #cases: Case[] = []
  #unsettled = 0
  #work: Promise<void> | undefined
  #waitingForRoom: (() => void)[] = []

  /** @param ending aborts what waits for a store to recover; it is given back */
  constructor(dependencies: SettlerDependencies, ending: AbortSignal) {
    this.#on = dependencies
    this.#ending = ending
  }

  /** Deliveries that have ended and are not settled. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** Nothing should be begun that would end here. */
  get isFull(): boolean {
    return this.#unsettled >= MOST_UNSETTLED
  }

  /** Takes it, and never makes anybody wait. */
  add(ending: Ending): void {
    this.#cases.push({ ending })
    this.#unsettled += 1
    this.#work ??= this.#run()
  }

  /** Calls back once there is room again. */
  whenRoom(callback: () => void): void {
    this.#waitingForRoom.push(callback)
  }

  /** Fulfilled at once when there is room. */
  async room(): Promise<void> {
    if (this.isFull) await new Promise<void>((resolve) => this.whenRoom(resolve))
  }

  /** Until everything that was added is settled or given back. */
  async settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work
  }

  async #run(): Promise<void> {
    const { clock } = this.#on
    // What ends in the same turn of the event loop is settled together.
    await new Promise(setImmediate)
    while (this.#cases.length > 0) {
      const begin = clock.now()
      const batch = this.#cases.splice(0, SETTLED_TOGETHER)
      await this.#settle(batch)
      this.#unsettled -= batch.length
      if (!this.isFull) for (const callback of this.#waitingForRoom.splice(0)) callback()
      await this.#gather(begin + this.#on.gathering - clock.now())
    }
    this.#work = undefined
  }

  /** Each settlement is a write that the disk has to confirm, and those who hand mail in wait for the same disk. */
  async #gather(milliseconds: number): Promise<void> {
    if (milliseconds > 0 && this.#cases.length < SETTLED_TOGETHER)
      await pause(this.#on.clock, milliseconds, this.#ending)
  }

  /** Never rejects. */
  async #settle(batch: readonly Case[]): Promise<void> {
    const { spool, clock, events } = this.#on
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        const outcomes = await this.#conclude(batch)
        this.#tell(batch)
        await spool.settle(outcomes)
        return
      } catch (error) {
        events.unsettled(error)
        if (await pause(clock, wait, this.#ending)) continue
        return spool.giveBack(batch.map(idOf))
      }
    }
  }

  /** Once for each, and before it is settled: a delivery is what it was until then. */
  #tell(batch: readonly Case[]): void {
    for (const one of batch) {
      if (one.isTold) continue
      one.isTold = true
      this.#on.events.relayed(one.ending, one.outcome!)
    }
  }

  /** The outcomes of all; those that are known from an earlier time are not found anew. Rejects when the spool takes no notice. */
  async #conclude(batch: readonly Case[]): Promise<readonly Outcome[]> {
    const notices: Promise<void>[] = []
    for (const one of batch) {
      if (one.outcome !== undefined) continue
      const outcome = this.#outcome(one.ending)
      if (outcome instanceof Promise) notices.push(outcome.then((found) => void (one.outcome = found)))
      else one.outcome = outcome
    }
    if (notices.length > 0) await everyOne(notices)
    return batch.map(({ outcome }) => outcome!)
  }

  #outcome(ending: Ending): Outcome | Promise<Outcome> {
    const { notices, retry, clock } = this.#on
    const { load, results, notBefore } = ending
    const retryAt = retry.at(load.delivery, results, { now: clock.now(), notBefore })
    const outcome = notices.conclude(load.delivery, results, retryAt)
    if (!(outcome instanceof Promise)) return outcome
    return outcome.catch((error: unknown) => this.#untellable(ending, error))
  }

  /** A spool that fails does so for everybody, and later. What fails by itself must not hold up the others. */
  #untellable({ load: { delivery }, results }: Ending, error: unknown): Outcome {
    if (error instanceof SpoolError) throw error
    this.#on.events.unsettled(error)
    const reason = `nobody could be told: ${error instanceof Error ? error.message : String(error)}`
    // Who has it must not get it twice because we cannot write a letter about it.
    const recipients = delivery.recipients.map((_, i) =>
      isThrough(results[i]) ? { state: 'relayed' as const } : { state: 'deferred' as const, reason },
    )
    if (recipients.every(({ state }) => state === 'relayed')) return { id: delivery.id, state: 'delivered' }
    return { id: delivery.id, state: 'mixed', recipients, notBefore: this.#on.clock.now() + UNTELLABLE_MS }
  }
}

const idOf = ({ ending }: Case): DeliveryId => ending.load.delivery.id

function isThrough(result: RecipientResult | undefined): boolean {
  return result?.kind === 'relayed' || result?.kind === 'passed' || result?.kind === 'delivered'
}

/** Waits for all, and only then rejects with what was thrown first: nothing is written behind somebody's back. */
async function everyOne(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') throw result.reason
  }
}
