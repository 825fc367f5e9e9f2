import type { Delivery, DeliveryId, LeaseTerms, OutboundQueue, Spool } from '@cartero/spool'
import { destinationOf } from '@cartero/spool'
import type { AttemptFacts, Turn, TurnEnding, TurnRequest } from '@cartero/spool/dispatch'
import { tooLate, type Notices, type RecipientResult } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'

import { STOCK, STOCK_AGE_MS } from '../relay/limits.ts'
import { isThrough, type Ending, type Settler } from '../relay/settler.ts'
import { Stock, type Load } from '../relay/stock.ts'
import { MOST_CUT_OFF, MOST_DEFERRED, MOST_REFUSED_IN_A_ROW } from './limits.ts'
import { TurnTally, type TurnCount } from './tally.ts'

/** What all turns share. */
export interface TurnGround {
  readonly spool: Pick<Spool, 'giveBack'>
  readonly queue: Pick<OutboundQueue, 'take'>
  readonly terms: LeaseTerms
  readonly settler: Settler
  readonly notices: Pick<Notices, 'isTooLate'>
  /** Milliseconds. */
  readonly retryAfter: number
  readonly clock: Clock
  /** Nothing is given out any more. */
  readonly leaving: AbortSignal
  /** Nothing could be taken out of the spool. */
  readonly notTaken: (error: unknown) => void
}

export interface TurnOptions {
  readonly request: TurnRequest
  /** The last call: it is over, and all of it is settled. */
  readonly over: (count: TurnCount, how: TurnEnding) => void
}

/**
 * One customer's turn: his domains one after the other, taken out of the spool ahead of need.
 *
 * Guarantee: what was given out and not done when it ends is in the spool as if it had not been given out.
 */
export class CustomerTurn implements Turn {
  readonly #ground: TurnGround
  readonly #on: TurnOptions
  readonly #stock = new Stock()
  readonly #out = new Map<Delivery, Load>()
  /** Deferred in this turn. */
  readonly #deferred = new Set<DeliveryId>()
  /** Of those, the ones that came again. They are held until it ends, so that they do not come a third time. */
  readonly #again: DeliveryId[] = []
  /** Domains that may have more; the first one is being taken. */
  #domains: readonly string[]
  #taking: Promise<void> | undefined
  #canTake = true
  #refusedInARow = 0
  readonly #tally: TurnTally
  #ending: Promise<void> | undefined
  waiting = 0
  /** Somebody was told of it. */
  isBegun = false

  constructor(ground: TurnGround, options: TurnOptions) {
    this.#ground = ground
    this.#on = options
    this.#domains = options.request.domains
    this.#tally = new TurnTally(ground.clock.elapsed())
  }

  /** Until something is at hand: false when there is nothing for any domain. Rejects when the spool fails. */
  async open(): Promise<boolean> {
    while (this.#stock.length === 0 && this.#domains.length > 0 && !this.#isOver) await this.#take()
    return this.#stock.length > 0
  }

  /** How many are at hand. */
  get atHand(): number {
    return this.#stock.length
  }

  next(): Delivery | undefined {
    if (this.#mustPart || this.#ground.settler.isFull) return undefined
    const load = this.#nextLoad()
    this.#replenish()
    if (load === undefined) return undefined
    this.#out.set(load.delivery, load)
    return load.delivery
  }

  async more(): Promise<boolean> {
    while (!this.#mustPart) {
      if (this.#ground.settler.isFull) await this.#ground.settler.room()
      else if (this.#stock.length > 0) return true
      else if (this.#taking !== undefined) await this.#taking
      else if (this.#domains.length > 0) this.#replenish()
      else return false
    }
    return false
  }

  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    const load = this.#out.get(delivery)
    if (load === undefined) return
    this.#out.delete(delivery)
    const isCutOff = facts.isCutOff === true
    const isDeferred = results.some(({ kind }) => kind === 'deferred')
    if (isDeferred) this.#deferred.add(delivery.id)
    if (!isCutOff) this.#refusedInARow = results.some(isDecided) ? 0 : this.#refusedInARow + 1
    const now = this.#ground.clock.now()
    const isAtOnce = isCutOff && delivery.attempts + 1 < MOST_CUT_OFF
    this.#settle(load, { results, facts, notBefore: isAtOnce ? now : now + this.#ground.retryAfter })
  }

  giveBack(delivery: Delivery): void {
    if (this.#out.delete(delivery)) this.#ground.spool.giveBack([delivery.id])
  }

  end(how: TurnEnding = { kind: 'stopped' }): Promise<void> {
    this.#ending ??= this.#end(how)
    return this.#ending
  }

  async #end(how: TurnEnding): Promise<void> {
    const out = [...this.#out.keys()].map(({ id }) => id)
    this.#out.clear()
    const atHand = this.#stock.empty().map(({ delivery }) => delivery.id)
    this.#ground.spool.giveBack([...out, ...atHand, ...this.#again.splice(0)])
    await this.#taking
    await this.#tally.settled()
    this.#on.over(this.#tally.count(this.#ground.clock.elapsed()), how)
  }

  get #isOver(): boolean {
    return this.#ending !== undefined
  }

  get #mustPart(): boolean {
    return (
      this.#isOver ||
      !this.#canTake ||
      this.#ground.leaving.aborted ||
      this.#refusedInARow >= MOST_REFUSED_IN_A_ROW ||
      this.#deferred.size >= MOST_DEFERRED
    )
  }

  /** The next one that may be offered. */
  #nextLoad(): Load | undefined {
    const { spool, notices, clock } = this.#ground
    const oldest = clock.now() - STOCK_AGE_MS
    for (;;) {
      const load = this.#stock.shift()
      if (load === undefined) return undefined
      const { delivery, takenAt } = load
      if (takenAt < oldest) {
        // Its lease has to outlast its transaction.
        spool.giveBack([delivery.id])
        this.#takeAgain(delivery)
      } else if (notices.isTooLate(delivery)) {
        const late = tooLate(delivery)
        this.#settle(load, { results: delivery.recipients.map(() => late), notBefore: 0 })
      } else return load
    }
  }

  #takeAgain({ nextHop }: Delivery): void {
    if (nextHop.kind === 'odmr' && !this.#domains.includes(nextHop.domain))
      this.#domains = [nextHop.domain, ...this.#domains]
  }

  #settle(load: Load, how: Pick<Ending, 'results' | 'facts' | 'notBefore'>): void {
    const { settler, clock } = this.#ground
    this.#tally.add(load.delivery, how.results)
    const { sid, account, peer } = this.#on.request
    settler.add({
      ...how,
      load,
      more: { sid, account, peer },
      lane: { destination: destinationOf(load.delivery.nextHop) },
      endedAt: clock.now(),
      settled: () => this.#tally.oneSettled(),
    })
  }

  #replenish(): void {
    if (this.#taking !== undefined || this.#domains.length === 0 || this.#mustPart) return
    if (this.#stock.length > STOCK / 2) return
    const taking = this.#take().catch((error: unknown) => {
      this.#canTake = false
      this.#ground.notTaken(error)
    })
    this.#taking = taking.finally(() => (this.#taking = undefined))
  }

  async #take(): Promise<void> {
    const { queue, spool, terms, clock } = this.#ground
    const domain = this.#domains[0]!
    const limit = STOCK - this.#stock.length
    const deliveries = await queue.take(destinationOf({ kind: 'odmr', domain }), limit, terms)
    if (this.#isOver) return spool.giveBack(deliveries.map(({ id }) => id))
    if (deliveries.length < limit) this.#domains = this.#domains.filter((each) => each !== domain)
    const takenAt = clock.now()
    for (const delivery of deliveries) {
      if (this.#deferred.has(delivery.id)) this.#again.push(delivery.id)
      else this.#stock.push({ delivery, takenAt, startedAt: 0 })
    }
  }
}

/** He has said yes or no. */
function isDecided(result: RecipientResult): boolean {
  return isThrough(result) || result.kind === 'failed'
}
