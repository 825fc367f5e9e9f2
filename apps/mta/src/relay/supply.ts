import type { Way } from '@cartero/routing'
import type { Delivery } from '@cartero/spool'
import { sentenceOf, tooLate, type Trouble } from '@cartero/spool/notices'

import type { Floor } from './floor.ts'
import { RelayLane, wishName, wishOf } from './lane.ts'
import { STOCK, STOCK_AGE_MS, STOCK_OCTETS } from './limits.ts'
import type { PaceLimits } from './pace.ts'
import { weightOf, type Load } from './stock.ts'

export interface SupplyOptions {
  readonly destination: string
  readonly way: Way
  readonly limits: PaceLimits
}

/** What is at hand for one destination, by lanes: taken out of the spool as couriers need it. */
export class Supply {
  readonly #floor: Floor
  readonly #options: SupplyOptions
  readonly #lanes = new Map<string, RelayLane>()
  #isTaking = false
  /** Of the envelopes seen last. */
  #weight = 1024
  /** Lanes that are found from now on are urged, too. */
  #isUrged = false
  /** Something is due, as far as is known. */
  hasMore = false

  constructor(floor: Floor, options: SupplyOptions) {
    this.#floor = floor
    this.#options = options
  }

  get lanes(): Iterable<RelayLane> {
    return this.#lanes.values()
  }

  get isTaking(): boolean {
    return this.#isTaking
  }

  /** Deliveries at hand. */
  get length(): number {
    let length = 0
    for (const { stock } of this.lanes) length += stock.length
    return length
  }

  /** How many may be taken now; 0 as long as there is enough. */
  get room(): number {
    const { length } = this
    if (length > STOCK / 2) return 0
    let octets = STOCK_OCTETS
    for (const { stock } of this.lanes) octets -= stock.octets
    return Math.max(0, Math.min(STOCK - length, Math.floor(octets / this.#weight)))
  }

  /** Takes so many, if there are. What cannot be attempted is concluded; the rest is at hand. Rejects when the spool fails. */
  async take(limit: number): Promise<void> {
    const { queue, terms, spool, leaving } = this.#floor
    this.#isTaking = true
    this.hasMore = false
    try {
      const deliveries = await queue.take(this.#options.destination, limit, terms)
      if (deliveries.length >= limit) this.hasMore = true
      if (leaving.aborted) return spool.giveBack(deliveries.map(({ id }) => id))
      this.#sort(deliveries)
      if (this.hasMore) return
      this.#isUrged = false
      for (const lane of this.lanes) lane.backOff.heard()
    } catch (error) {
      this.hasMore = true
      throw error
    } finally {
      this.#isTaking = false
    }
  }

  /** All of it is to be tried now, whatever was. */
  urge(): void {
    this.#isUrged = true
    for (const lane of this.lanes) lane.urge()
  }

  /** The next one that may be attempted. */
  next(lane: RelayLane): Load | undefined {
    const { notices, spool, clock } = this.#floor
    const oldest = clock.now() - STOCK_AGE_MS
    for (;;) {
      const load = lane.stock.shift()
      if (load === undefined) return undefined
      const { delivery, takenAt } = load
      if (takenAt < oldest) {
        spool.giveBack([delivery.id])
        this.hasMore = true
      } else if (notices.isTooLate(delivery)) this.conclude(lane, load, tooLate(delivery))
      else return load
    }
  }

  /** It ends with this for all its recipients, and without an attempt. */
  conclude(lane: RelayLane, load: Load, trouble: Trouble): void {
    const { settler, clock } = this.#floor
    settler.add({
      load,
      lane,
      results: load.delivery.recipients.map(() => trouble),
      endedAt: clock.now(),
      notBefore: lane.notBefore(clock),
    })
  }

  /** Nobody will carry it for now. */
  handBack(lane: RelayLane): void {
    const loads = lane.stock.empty()
    if (loads.length === 0) return
    this.#floor.spool.giveBack(loads.map(({ delivery }) => delivery.id))
    this.hasMore = true
  }

  #sort(deliveries: readonly Delivery[]): void {
    const { clock } = this.#floor
    const takenAt = clock.now()
    let octets = 0
    for (const delivery of deliveries) {
      octets += weightOf(delivery)
      const lane = this.#laneOf(delivery)
      const load = { delivery, takenAt, startedAt: 0 }
      const trouble = sentenceOf(delivery) ?? lane.backOff.troubleAt(clock.elapsed())
      if (trouble === undefined) lane.stock.push(load)
      else this.conclude(lane, load, trouble)
    }
    if (deliveries.length > 0) this.#weight = octets / deliveries.length
  }

  #laneOf({ message }: Delivery): RelayLane {
    const wish = wishOf(message.envelope)
    const name = wishName(wish)
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const lane = new RelayLane({ ...this.#options, wish, random: this.#floor.random })
    lane.isUrged = this.#isUrged
    this.#lanes.set(name, lane)
    return lane
  }
}
