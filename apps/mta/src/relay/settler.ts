import { SpoolError, type Outcome, type Spool } from '@cartero/spool'
import type { Notices, RecipientResult } from '@cartero/spool/notices'
import { pause, type Clock } from '@cartero/wire'
import type { AttemptFacts } from '@cartero/spool/dispatch'

import { MOST_UNSETTLED, SETTLED_TOGETHER } from './limits.ts'
import type { Retry } from './retry.ts'
import type { Load } from './stock.ts'

/** First wait after the spool failed or a notice could not be written, doubled up to the longest. Milliseconds. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** How long to wait with a delivery that nothing can be told of, for a reason that is its own. Milliseconds. */
const UNTELLABLE_MS = 15 * 60_000

/** How it ended with one delivery. Times in milliseconds since the epoch. */
export interface Ending {
  readonly load: Load
  readonly lane: { readonly destination: string }
  readonly results: readonly RecipientResult[]
  /** What was seen; absent when nothing was attempted. */
  readonly facts?: AttemptFacts
  readonly endedAt: number
  /** Until when the destination is left alone; 0 when it is not. */
  readonly notBefore: number
  /** What else is told of it, by the names of its fields. */
  readonly more?: Readonly<Record<string, unknown>>
  /** Told once the spool knows it, or has it back. */
  readonly settled?: () => void
}

export interface SettlerDependencies {
  readonly spool: Pick<Spool, 'settle' | 'giveBack'>
  readonly notices: Pick<Notices, 'conclude'>
  readonly retry: Pick<Retry, 'at'>
  /** Milliseconds from one settlement to the next, at least. */
  readonly gathering: number
  readonly clock: Clock
  readonly events: SettlerEvents
}

/** What is told of settlements. */
export interface SettlerEvents {
  /** It is known how it ended, and is about to be settled. */
  readonly relayed: (ending: Ending, outcome: Outcome) => void
  /** A notice could not be written, and is tried again; or the spool could not write what it was told, and will. */
  readonly unsettled: (error: unknown) => void
}

interface Case {
  readonly ending: Ending
  outcome?: Outcome
}

/**
 * Tells senders and the spool how deliveries ended: what ends while one settlement runs shares the next.
 *
 * Guarantee: what was attempted is settled, or given back when nobody could be told of it before the process ends. A notice is
 * written once. So is each outcome said: what the spool cannot write at once holds all the same, and said a second time it would
 * be said of the next attempt.
 */
export class Settler {
  readonly #on: SettlerDependencies
  readonly #ending: AbortSignal
  #cases: Case[] = []
  #unsettled = 0
  #work: Promise<void> | undefined
  #waitingForRoom: (() => void)[] = []
  /** After the next failure; milliseconds. */
  #nextPause = FIRST_PAUSE_MS
  /** Nothing can be noted just now. */
  #isRecovering = false

  /** @param ending aborts what waits for a store to recover; it is given back */
  constructor(dependencies: SettlerDependencies, ending: AbortSignal) {
    this.#on = dependencies
    this.#ending = ending
  }

  /** Deliveries that have ended and are not settled. */
  get unsettled(): number {
    return this.#unsettled
  }

  /** Nothing should be begun that would end here: what is sent while the spool cannot note it is sent again after a crash. */
  get isFull(): boolean {
    return this.#isRecovering || this.#unsettled >= MOST_UNSETTLED
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
      const begin = clock.elapsed()
      const batch = this.#cases.splice(0, SETTLED_TOGETHER)
      await this.#settle(batch)
      this.#unsettled -= batch.length
      for (const { ending } of batch) ending.settled?.()
      if (!this.isFull) for (const callback of this.#waitingForRoom.splice(0)) callback()
      await this.#gather(begin + this.#on.gathering - clock.elapsed())
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
    const { spool, events } = this.#on
    await this.#conclude(batch)
    const outcomes: Outcome[] = []
    for (const { ending, outcome } of batch) {
      if (outcome === undefined) spool.giveBack([ending.load.delivery.id])
      else {
        outcomes.push(outcome)
        // A delivery is what it was until it is settled.
        events.relayed(ending, outcome)
      }
    }
    try {
      await spool.settle(outcomes)
      this.#nextPause = FIRST_PAUSE_MS
    } catch (error) {
      await this.#recover(error)
    }
  }

  /** A store that fails is left alone for a while, and longer each time. False when there is no time for that. */
  async #recover(error: unknown): Promise<boolean> {
    const { clock, events } = this.#on
    events.unsettled(error)
    const wait = this.#nextPause
    this.#nextPause = Math.min(2 * wait, LONGEST_PAUSE_MS)
    this.#isRecovering = true
    const hasTime = await pause(clock, wait, this.#ending)
    this.#isRecovering = false
    return hasTime
  }

  /** Until everybody is told who has to be, and all outcomes are known; or until there is no time for that. */
  async #conclude(batch: readonly Case[]): Promise<void> {
    for (;;) {
      try {
        return await this.#findOutcomes(batch)
      } catch (error) {
        if (!(await this.#recover(error))) return
      }
    }
  }

  /** Those that are known from an earlier time are not found anew. Rejects when the spool takes no notice. */
  async #findOutcomes(batch: readonly Case[]): Promise<void> {
    const notices: Promise<void>[] = []
    for (const one of batch) {
      if (one.outcome !== undefined) continue
      const outcome = this.#outcome(one.ending)
      if (outcome instanceof Promise) notices.push(outcome.then((found) => void (one.outcome = found)))
      else one.outcome = outcome
    }
    if (notices.length > 0) await everyOne(notices)
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

/** Somebody else has it, or the mailbox: it must not go there again. */
export function isThrough(
  result: RecipientResult | undefined,
): result is Exclude<RecipientResult, { status: string }> {
  return result?.kind === 'relayed' || result?.kind === 'passed' || result?.kind === 'delivered'
}

/** Waits for all, and only then rejects with what was thrown first: nothing is written behind somebody's back. */
async function everyOne(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') throw result.reason
  }
}
