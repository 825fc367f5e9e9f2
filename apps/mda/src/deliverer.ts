import type { ContentId, ContentStore } from '@cartero/content'
import type { MailStore, NewMessage } from '@cartero/mailstore'
import { SpoolError, type Delivery, type Outcome, type Spool } from '@cartero/spool'
import { sentenceOf, tooLate, type Notices, type RecipientResult } from '@cartero/spool/notices'
import { pause, type Clock } from '@cartero/wire'
import { Display } from './display.ts'
import type { Events } from './events.ts'
import { finalPrefix } from './final-trace.ts'
import { mailboxForm } from './mailbox-form.ts'
import { appendTo } from './mailboxes.ts'
import { Packer } from './parcel.ts'
import type { Terminals } from './terminals/terminals.ts'
import { isOfStore, problemOf, resultOf, troubleOf } from './troubles.ts'

/** Deliveries taken at a time: enough to share a sync, few enough that the first is not kept waiting. */
const BATCH = 100

/** Batches at work at a time: one is prepared while the other is being written. */
const IN_FLIGHT = 2

/** First wait after a failure, doubled up to the longest. */
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 15 * 60_000

/** All that is needed of a spool, which may be another process's. */
export type LocalDeliveries = Pick<Spool, 'lease' | 'settle' | 'giveBack'>

export interface DelivererDependencies {
  readonly spool: LocalDeliveries
  readonly mailStore: MailStore
  readonly content: ContentStore
  readonly notices: Notices
  readonly terminals: Pick<Terminals, 'attached' | 'show'>
  readonly clock: Clock
  readonly events: Events
  /** Batches at work at a time; IN_FLIGHT when absent. */
  readonly inFlight?: number
}

/** One copy for one mailbox, and whose result it decides. */
interface Parcel {
  readonly attempt: Attempt
  readonly recipient: number
  readonly append: NewMessage
}

/** A delivery that is being tried; `results` is filled in the order of its recipients. */
interface Attempt {
  readonly delivery: Delivery
  readonly results: (RecipientResult | undefined)[]
  /** Octets that were made for the mailboxes; theirs once they are appended. */
  made?: ContentId
}

/**
 * Lease, append, tell, settle.
 *
 * Guarantee: exactly once in each mailbox, because the delivery id is the idempotency key of the append: a crash between
 * append and settle leads to a second append that is a duplicate. Each recipient ends for itself.
 */
export class Deliverer {
  readonly #on: DelivererDependencies
  readonly #packer: Packer
  readonly #display: Display

  constructor(dependencies: DelivererDependencies) {
    this.#on = dependencies
    this.#packer = new Packer(dependencies.content)
    this.#display = new Display(dependencies)
  }

  /** Delivers until the signal aborts; what was leased is settled before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    const working = new Set<Promise<void>>()
    for await (const batch of this.#on.spool.lease('local', BATCH, signal)) {
      const work = this.#deliver(batch, signal).finally(() => working.delete(work))
      working.add(work)
      if (working.size >= (this.#on.inFlight ?? IN_FLIGHT)) await Promise.race(working)
    }
    await Promise.all(working)
  }

  /** One batch, to the end. Never rejects. */
  async #deliver(batch: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const { events, spool } = this.#on
    let isSaid = false
    try {
      const outcomes = await this.#attempt(batch)
      isSaid = true
      await spool.settle(outcomes)
    } catch (error) {
      events.unsettled(error)
      // A spool that cannot even note an outcome must not be asked again at once.
      await pause(this.#on.clock, FIRST_RETRY_MS, signal)
      // What it was told holds, though it could not write it, and may be in other hands by now.
      if (!isSaid || !(error instanceof SpoolError)) spool.giveBack(batch.map(({ id }) => id))
    }
  }

  async #attempt(batch: readonly Delivery[]): Promise<Outcome[]> {
    const attempts = batch.map((delivery) => this.#begin(delivery))
    for (const attempt of attempts) await this.#display.before(attempt.delivery, attempt.results)
    const parcels: Parcel[] = []
    for (const attempt of attempts) parcels.push(...(await this.#pack(attempt)))
    await this.#append(parcels)
    for (const { made } of attempts) if (made !== undefined) this.#on.content.unpin(made)
    for (const attempt of attempts) await this.#display.after(attempt.delivery, attempt.results)
    const outcomes: Outcome[] = []
    for (const attempt of attempts) {
      const outcome = this.#conclude(attempt)
      outcomes.push(outcome instanceof Promise ? await outcome : outcome)
    }
    return outcomes
  }

  /** What is known before anything is tried. */
  #begin(delivery: Delivery): Attempt {
    const isTooLate = this.#on.notices.isTooLate(delivery)
    const decided = sentenceOf(delivery) ?? (isTooLate ? tooLate(delivery) : undefined)
    const results = delivery.recipients.map((recipient) => decided ?? problemOf(recipient))
    return { delivery, results }
  }

  /** What cannot be read keeps nothing else from being delivered. */
  async #pack(attempt: Attempt): Promise<readonly Parcel[]> {
    const { delivery, results } = attempt
    const { message, recipients } = delivery
    const open = results.flatMap((result, i) => (result === undefined ? [i] : []))
    if (open.length === 0) return []
    try {
      const form = await mailboxForm(message, this.#on.content)
      if (form.made !== undefined) attempt.made = form.made
      const letter = {
        ...form,
        receivedAt: message.acceptedAt,
        key: delivery.id,
        index: form.made === undefined ? message.index : undefined,
      }
      const copies = open.map((i) => ({
        account: recipients[i]!.account,
        prefix: finalPrefix(message, recipients[i]!),
      }))
      const appends = await this.#packer.pack(letter, copies)
      return open.map((recipient, n) => ({ attempt, recipient, append: appends[n]! }))
    } catch (error) {
      for (const i of open) results[i] = troubleOf(error)
      return []
    }
  }

  async #append(parcels: readonly Parcel[]): Promise<void> {
    if (parcels.length === 0) return
    try {
      const messages = parcels.map(({ append }) => append)
      const outcomes = await appendTo(this.#on.mailStore, messages)
      parcels.forEach(({ attempt, recipient }, i) => (attempt.results[recipient] = resultOf(outcomes[i]!)))
    } catch (error) {
      // A full disk or a broken store: nothing is lost, all of it comes again.
      if (!isOfStore(error)) this.#on.events.bug(error)
      for (const { attempt, recipient } of parcels) attempt.results[recipient] = troubleOf(error)
    }
  }

  /** Who has to be told is told before the spool is; where that cannot be, all of it comes again. */
  #conclude({ delivery, results }: Attempt): Outcome | Promise<Outcome> {
    const { notices, events, clock } = this.#on
    const ended = results.map((result, i) => result ?? troubleOf(`no result for recipient ${i}`))
    const now = clock.now()
    const retryAt = now + this.#wait(delivery)
    const seconds = (now - delivery.message.acceptedAt) / 1000
    const told = (outcome: Outcome): Outcome => {
      events.ended(delivery, ended, outcome, seconds)
      return outcome
    }
    const outcome = notices.conclude(delivery, ended, retryAt)
    if (!(outcome instanceof Promise)) return told(outcome)
    return outcome.then(told, (error: unknown) => {
      events.unsettled(error)
      const { reason } = troubleOf(error)
      return { id: delivery.id, state: 'deferred', notBefore: now + FIRST_RETRY_MS, reason }
    })
  }

  #wait({ attempts, message }: Delivery): number {
    if (message.envelope.display === 'send') return Display.RETRY_MS
    return Math.min(FIRST_RETRY_MS * 2 ** Math.min(attempts, 20), LONGEST_RETRY_MS)
  }
}
