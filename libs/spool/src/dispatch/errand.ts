import {
  type ClientEnding,
  type OutgoingTransaction,
  type PeerFacts,
  type RecipientOutcome,
  type SmtpErrand,
} from '@cartero/smtp/client'
import type { Clock, MaybePromise } from '@cartero/wire'

import type { RecipientResult } from '../notices/index.ts'
import type { Cargo } from './cargo.ts'
import { isUndecided, resultOf } from './outcome.ts'
import type { AttemptFacts, Feed } from './ports.ts'
import { shipmentOf, type Load, type Shipment } from './shipment.ts'

/** A load that the end of a conversation left undecided, and what to say if nobody else takes it. */
export interface Leftover {
  readonly load: Load
  readonly results: readonly RecipientResult[]
  readonly facts: AttemptFacts
}

export interface ErrandOptions {
  readonly feed: Feed
  readonly cargo: Cargo
  readonly clock: Clock
  /** The name of the host. */
  readonly host: string
  /** Deliveries that it is given at most. */
  readonly most: number
  /** The host is one that the operator has named: it may know who submitted. */
  readonly isTrusted: boolean
  /** Whether it may have any of this mail. Asked once, before it is given any; without it, it may. */
  isFit?(peer: PeerFacts): boolean
  /** What is known of the connection, once it takes mail. */
  facts(peer: PeerFacts): AttemptFacts
  /** It takes mail. Told once, before it is given any. */
  ready(peer: PeerFacts): void
  /** It may have the message, or not. */
  uncertain(load: Load): void
  /** The conversation is over. What it left undecided is in `leftovers`. */
  closed?(how: ClientEnding): void
}

/** Gives a host one delivery after the other, and tells the feed what became of each. */
export class Errand implements SmtpErrand {
  readonly #on: ErrandOptions
  /** Those that the host has to answer for. */
  readonly #given = new Map<OutgoingTransaction, { readonly at: number; readonly isReused: boolean }>()
  readonly #leftovers: Leftover[] = []
  #count = 0
  #settled = 0
  #facts: AttemptFacts = {}
  #ending: ClientEnding | undefined
  #isUnfit = false

  constructor(options: ErrandOptions) {
    this.#on = options
  }

  /** Deliveries that were given to the host. */
  get count(): number {
    return this.#count
  }

  /** Of those, the ones whose end is told. */
  get settledCount(): number {
    return this.#settled
  }

  get leftovers(): readonly Leftover[] {
    return this.#leftovers
  }

  get ending(): ClientEnding | undefined {
    return this.#ending
  }

  /** The host was left, because it may have none of this mail. */
  get isUnfit(): boolean {
    return this.#isUnfit
  }

  next(peer: PeerFacts): MaybePromise<OutgoingTransaction | undefined> {
    if (this.#count === 0) {
      this.#isUnfit = this.#on.isFit?.(peer) === false
      if (this.#isUnfit) return undefined
      this.#facts = this.#on.facts(peer)
      this.#on.ready(peer)
    }
    return this.#isFull ? undefined : (this.#nextAtHand() ?? this.#wait())
  }

  more(): OutgoingTransaction | undefined {
    return this.#isFull ? undefined : this.#nextAtHand()
  }

  settled(transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void {
    const { load, unsayable } = transaction as Shipment
    const { clock, host, feed } = this.#on
    const { at, isReused } = this.#given.get(transaction)!
    this.#given.delete(transaction)
    const results = merged(
      outcomes.map((outcome) => resultOf(outcome, host)),
      unsayable,
    )
    const facts = { ...this.#facts, isReused, sending: Math.round(clock.elapsed() - at) }
    if (isUndecided(outcomes))
      return void this.#leftovers.push({ load, results, facts: { ...facts, isCutOff: true } })
    this.#settled++
    const isLate = outcomes.some(({ cutOff }) => cutOff === 'late')
    if (isLate) this.#on.uncertain(load)
    feed.done(load.delivery, results, isLate ? { ...facts, isCutOff: true } : facts)
  }

  closed(how: ClientEnding): void {
    this.#ending = how
    this.#on.closed?.(how)
  }

  get #isFull(): boolean {
    return this.#count >= this.#on.most
  }

  #nextAtHand(): OutgoingTransaction | undefined {
    for (;;) {
      const load = this.#on.cargo.takeNow(this.#on.most - this.#count)
      if (load === undefined) return undefined
      const shipment = this.#ship(load)
      if (shipment !== undefined) return shipment
    }
  }

  /** Who waits keeps the connection open; if it ends meanwhile, what came is not lost. */
  async #wait(): Promise<OutgoingTransaction | undefined> {
    for (;;) {
      const load = await this.#on.cargo.take()
      if (load === undefined) return undefined
      if (this.#ending !== undefined) {
        this.#on.cargo.putBack([load])
        return undefined
      }
      const shipment = this.#ship(load)
      if (shipment !== undefined) return shipment
    }
  }

  /** Undefined when nobody of it can be named to any host: that is its end. */
  #ship(load: Load): Shipment | undefined {
    const { feed, clock, isTrusted } = this.#on
    const shipment = shipmentOf(load, { clock, isTrusted })
    if (shipment.recipients.length === 0) {
      feed.done(load.delivery, merged([], shipment.unsayable), {})
      return undefined
    }
    this.#given.set(shipment, { at: clock.elapsed(), isReused: this.#count++ > 0 })
    return shipment
  }
}

/** What the host said of those whom it was told of, and what we say of the others, in the order of the delivery. */
function merged(
  results: readonly RecipientResult[],
  unsayable: Shipment['unsayable'],
): readonly RecipientResult[] {
  if (unsayable === undefined) return results
  const told = results.values()
  return unsayable.map((trouble) => trouble ?? told.next().value!)
}
