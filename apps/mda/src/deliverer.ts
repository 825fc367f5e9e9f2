import type { ContentStore } from '@cartero/content'
import { MailStoreError, type AppendOutcome, type MailStore } from '@cartero/mailstore'
import type { Delivery, Outcome, Spool } from '@cartero/spool'
import { pause, type Clock } from '@cartero/wire'
import type { Events } from './events.ts'
import { Packer, type Parcel } from './parcel.ts'

/** Deliveries taken at a time: enough to share a sync, few enough that the first is not kept waiting. */
const BATCH = 100

/** Batches at work at a time: one is prepared while the other is being written. */
const IN_FLIGHT = 2

/** First wait after a failure, doubled up to the longest. */
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 15 * 60_000

/** How long delivery is tried. RFC 5321 §4.5.4.1: at least 4 to 5 days. */
export const GIVE_UP_MS = 5 * 86_400_000

export interface DelivererDependencies {
  readonly spool: Spool
  readonly mailStore: MailStore
  readonly content: ContentStore
  readonly clock: Clock
  readonly events: Events
}

/**
 * Lease, append, settle.
 *
 * Guarantee: exactly once in each mailbox, because the delivery id is the idempotency key of the append: a crash between
 * append and settle leads to a second append that is a duplicate.
 */
export class Deliverer {
  readonly #on: DelivererDependencies
  readonly #packer: Packer

  constructor(dependencies: DelivererDependencies) {
    this.#on = dependencies
    this.#packer = new Packer(dependencies.content)
  }

  /** Delivers until the signal aborts; what was leased is settled before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    const working = new Set<Promise<void>>()
    for await (const batch of this.#on.spool.lease('local', BATCH, signal)) {
      const work = this.#deliver(batch, signal).finally(() => working.delete(work))
      working.add(work)
      if (working.size >= IN_FLIGHT) await Promise.race(working)
    }
    await Promise.all(working)
  }

  /** One batch, to the end. Never rejects. */
  async #deliver(batch: readonly Delivery[], signal: AbortSignal): Promise<void> {
    const { events, spool } = this.#on
    try {
      await spool.settle(await this.#attempt(batch))
    } catch (error) {
      events.failedUnexpectedly(error)
      // A spool that cannot even note an outcome must not be asked again at once.
      await pause(this.#on.clock, FIRST_RETRY_MS, signal)
      spool.giveBack(batch.map(({ id }) => id))
    }
  }

  async #attempt(batch: readonly Delivery[]): Promise<Outcome[]> {
    const troubles = new Map<Delivery, string>()
    const parcels = await this.#pack(batch, troubles)
    try {
      const results = await this.#append(parcels)
      parcels.forEach(({ delivery }, i) => {
        const trouble = TROUBLES[results[i]!.kind]
        if (trouble !== undefined) troubles.set(delivery, trouble)
      })
    } catch (error) {
      // A full disk or a broken store: nothing is lost, all of it comes again.
      if (!(error instanceof MailStoreError)) this.#on.events.failedUnexpectedly(error)
      for (const { delivery } of parcels) troubles.set(delivery, messageOf(error))
    }
    return batch.map((delivery) => this.#outcome(delivery, troubles.get(delivery)))
  }

  /** What cannot be read keeps nothing else from being delivered. */
  async #pack(batch: readonly Delivery[], troubles: Map<Delivery, string>): Promise<Parcel[]> {
    const parcels: Parcel[] = []
    for (const delivery of batch) {
      try {
        parcels.push(...(await this.#packer.pack(delivery)))
      } catch (error) {
        troubles.set(delivery, messageOf(error))
      }
    }
    return parcels
  }

  /** An account that the directory knows and the mailstore does not yet gets its mailboxes now. */
  async #append(parcels: readonly Parcel[]): Promise<AppendOutcome[]> {
    const { mailStore } = this.#on
    const messages = parcels.map((parcel) => parcel.append)
    const outcomes = [...(await mailStore.append(messages))]
    const homeless = outcomes.flatMap((outcome, i) => (outcome.kind === 'noAccount' ? [i] : []))
    if (homeless.length === 0) return outcomes
    for (const account of new Set(homeless.map((i) => messages[i]!.account)))
      await mailStore.provision(account)
    const again = await mailStore.append(homeless.map((i) => messages[i]!))
    homeless.forEach((i, n) => (outcomes[i] = again[n]!))
    return outcomes
  }

  #outcome(delivery: Delivery, trouble: string | undefined): Outcome {
    const { events, clock } = this.#on
    const lost = delivery.recipients.filter((recipient) => recipient.account === '')
    if (lost.length > 0) {
      const reason = `the directory does not know ${lost.map((recipient) => recipient.address).join(', ')} any more`
      events.held(delivery, reason)
      return { id: delivery.id, state: 'held', reason }
    }
    if (trouble !== undefined) return this.#later(delivery, trouble)
    events.delivered(delivery, (clock.now() - delivery.message.acceptedAt) / 1000)
    return { id: delivery.id, state: 'delivered' }
  }

  /** RFC 5321 §4.5.4.1 todo: tell the sender, once there are delivery status notifications. */
  #later(delivery: Delivery, reason: string): Outcome {
    const { events, clock } = this.#on
    const now = clock.now()
    if (now - delivery.message.acceptedAt >= GIVE_UP_MS) {
      events.expired(delivery, reason)
      return { id: delivery.id, state: 'expired', reason }
    }
    events.deferred(delivery, reason)
    const wait = Math.min(FIRST_RETRY_MS * 2 ** Math.min(delivery.attempts, 20), LONGEST_RETRY_MS)
    return { id: delivery.id, state: 'deferred', notBefore: now + wait, reason }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const TROUBLES: Partial<Record<AppendOutcome['kind'], string>> = {
  overQuota: 'the mailbox is full',
  noMailbox: 'the account has no INBOX',
  noAccount: 'the mailstore cannot make mailboxes for the account',
}
