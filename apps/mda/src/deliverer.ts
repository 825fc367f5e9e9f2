import { setImmediate as turn } from 'node:timers/promises'
import type { ContentStore } from '@cartero/content'
import { MailStoreError, type AppendOutcome, type MailStore, type NewMessage } from '@cartero/mailstore'
import { MessageIndexer, type MessageIndex } from '@cartero/message'
import type { Delivery, DeliveryRecipient, Outcome, Spool } from '@cartero/spool'
import type { Clock } from '@cartero/wire'
import type { Events } from './events.ts'
import { finalPrefix } from './final-trace.ts'

/** Deliveries taken at a time: enough to share a sync, few enough that the first is not kept waiting. */
const BATCH = 100

/** Batches at work at a time: one is prepared while the other is being written. */
const IN_FLIGHT = 2

/** Octets up to which a message is read at once to be indexed; a larger one streams, so that memory is bounded. */
const READ_AT_ONCE = 128 * 1024

/**
 * Octets that are indexed before everybody else gets a turn of the event loop. What was accepted just now comes out of
 * memory, and a message made for it takes a second for each 25 MB.
 */
const TURN_OCTETS = 256 * 1024

/** First wait after a failure of the store, doubled up to the longest. */
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 15 * 60_000

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
  #sinceTurn = 0

  constructor(dependencies: DelivererDependencies) {
    this.#on = dependencies
  }

  /** Delivers until the signal aborts; what was leased is settled before it returns. */
  async run(signal: AbortSignal): Promise<void> {
    const working = new Set<Promise<void>>()
    for await (const batch of this.#on.spool.lease('local', BATCH, signal)) {
      const work = this.deliver(batch).finally(() => working.delete(work))
      working.add(work)
      if (working.size >= IN_FLIGHT) await Promise.race(working)
    }
    await Promise.all(working)
  }

  /** One batch, to the end. Never rejects. */
  async deliver(batch: readonly Delivery[]): Promise<void> {
    try {
      const parcels = await this.#prepare(batch)
      const outcomes = await this.#append(parcels)
      await this.#on.spool.settle(this.#outcomes(batch, parcels, outcomes))
    } catch (error) {
      await this.#postpone(batch, error)
    }
  }

  async #prepare(batch: readonly Delivery[]): Promise<Parcel[]> {
    const parcels: Parcel[] = []
    for (const delivery of batch) {
      for (const recipient of delivery.recipients) {
        if (recipient.account !== '') parcels.push(await this.#parcel(delivery, recipient))
      }
    }
    return parcels
  }

  async #parcel(delivery: Delivery, recipient: DeliveryRecipient): Promise<Parcel> {
    const { message } = delivery
    const prefix = finalPrefix(message, recipient)
    const index = await this.#index(message.content, message.size, prefix)
    return {
      delivery,
      append: {
        account: recipient.account,
        mailbox: 'INBOX',
        content: message.content,
        prefix,
        index,
        size: prefix.length + message.size,
        flags: [],
        internalDate: message.acceptedAt,
        idempotencyKey: delivery.id,
      },
    }
  }

  async #index(id: NewMessage['content'], size: number, prefix: Buffer): Promise<MessageIndex> {
    const indexer = new MessageIndexer()
    indexer.write(prefix)
    if (size <= READ_AT_ONCE) {
      indexer.write(await this.#on.content.read(id))
      if (this.#isTurn(size)) await turn()
    } else {
      for await (const piece of this.#on.content.get(id)) {
        indexer.write(piece)
        if (this.#isTurn(piece.length)) await turn()
      }
    }
    return indexer.end()
  }

  #isTurn(octets: number): boolean {
    this.#sinceTurn += octets
    if (this.#sinceTurn < TURN_OCTETS) return false
    this.#sinceTurn = 0
    return true
  }

  /** An account that the directory knows and the mailstore does not yet gets its mailboxes now. */
  async #append(parcels: readonly Parcel[]): Promise<AppendOutcome[]> {
    const messages = parcels.map((parcel) => parcel.append)
    const outcomes = [...(await this.#on.mailStore.append(messages))]
    const homeless = outcomes.flatMap((outcome, i) => (outcome.kind === 'noAccount' ? [i] : []))
    if (homeless.length === 0) return outcomes
    for (const account of new Set(homeless.map((i) => messages[i]!.account)))
      await this.#on.mailStore.provision(account)
    const again = await this.#on.mailStore.append(homeless.map((i) => messages[i]!))
    homeless.forEach((i, n) => (outcomes[i] = again[n]!))
    return outcomes
  }

  #outcomes(
    batch: readonly Delivery[],
    parcels: readonly Parcel[],
    results: readonly AppendOutcome[],
  ): Outcome[] {
    const worst = new Map<Delivery, AppendOutcome['kind']>()
    parcels.forEach(({ delivery }, i) => {
      const { kind } = results[i]!
      if (kind !== 'appended' && kind !== 'duplicate') worst.set(delivery, kind)
    })
    return batch.map((delivery) => this.#outcome(delivery, worst.get(delivery)))
  }

  #outcome(delivery: Delivery, trouble: AppendOutcome['kind'] | undefined): Outcome {
    const { events, clock } = this.#on
    const lost = delivery.recipients.filter((recipient) => recipient.account === '')
    if (lost.length > 0) {
      const reason = `the directory does not know ${lost.map((recipient) => recipient.address).join(', ')} any more`
      events.held(delivery, reason)
      return { id: delivery.id, state: 'held', reason }
    }
    if (trouble !== undefined) return this.#defer(delivery, EXPLANATIONS[trouble] ?? trouble)
    events.delivered(delivery, (clock.now() - delivery.message.acceptedAt) / 1000)
    return { id: delivery.id, state: 'delivered' }
  }

  #defer(delivery: Delivery, reason: string): Outcome {
    this.#on.events.deferred(delivery, reason)
    const wait = Math.min(FIRST_RETRY_MS * 2 ** Math.min(delivery.attempts, 20), LONGEST_RETRY_MS)
    return { id: delivery.id, state: 'deferred', notBefore: this.#on.clock.now() + wait, reason }
  }

  /** The whole batch failed: a full disk or a broken store. Nothing is lost; it comes again. */
  async #postpone(batch: readonly Delivery[], error: unknown): Promise<void> {
    const { events, spool } = this.#on
    if (!(error instanceof MailStoreError)) events.failedUnexpectedly(error)
    const reason = error instanceof Error ? error.message : String(error)
    try {
      await spool.settle(batch.map((delivery) => this.#defer(delivery, reason)))
    } catch (settleError) {
      events.failedUnexpectedly(settleError)
      await this.#pause(FIRST_RETRY_MS)
      spool.giveBack(batch.map((delivery) => delivery.id))
    }
  }

  /** A spool that cannot even note a failure must not be asked again at once. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => void this.#on.clock.after(milliseconds, resolve))
  }
}

/** One message for one mailbox. */
interface Parcel {
  readonly delivery: Delivery
  readonly append: NewMessage
}

const EXPLANATIONS: Partial<Record<AppendOutcome['kind'], string>> = {
  overQuota: 'the mailbox is full',
  noMailbox: 'the account has no INBOX',
  noAccount: 'the mailstore cannot make mailboxes for the account',
}
