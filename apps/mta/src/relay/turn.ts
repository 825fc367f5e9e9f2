import type { Delivery } from '@cartero/spool'
import type { RecipientResult, Trouble } from '@cartero/spool/notices'
import type { AttemptFacts } from '@cartero/spool/dispatch'

import type { RelayLane } from './lane.ts'
import type { Slot } from './pool.ts'
import type { LaneFeed } from './ports.ts'
import type { Load } from './stock.ts'

/** Who gives a courier its loads, and gets them back. */
export interface TurnHost {
  next(turn: Turn): Load | undefined
  more(turn: Turn): Promise<boolean>
  done(turn: Turn, load: Load, attempt: Attempt): void
  giveBack(turn: Turn, load: Load): void
}

export interface Attempt {
  readonly results: readonly RecipientResult[]
  readonly facts: AttemptFacts
}

export interface TurnOptions {
  readonly lane: RelayLane
  readonly slot: Slot
  /** As `Clock.elapsed`. */
  readonly startedAt: number
}

/** One run of a courier, with what it holds. Times as `Clock.elapsed`. */
export class Turn implements LaneFeed {
  readonly lane: RelayLane
  readonly slot: Slot
  readonly startedAt: number
  /** The lane's, when it began. */
  readonly generation: number
  readonly isUrged: boolean
  readonly #host: TurnHost
  readonly #loads = new Map<Delivery, Load>()
  #stuck: Trouble | undefined
  /** Deliveries that it was given, and those that it came back from. */
  given = 0
  carried = 0
  /** When something last went on, and when it last came back from a delivery. */
  lastAt: number
  doneAt = 0
  /** It was told to go. */
  isParted = false
  /** Its last transaction came to no end. */
  isTroubled = false

  constructor(host: TurnHost, { lane, slot, startedAt }: TurnOptions) {
    this.#host = host
    this.lane = lane
    this.slot = slot
    this.startedAt = startedAt
    this.lastAt = startedAt
    this.generation = lane.generation
    this.isUrged = lane.isUrged
    lane.isUrged = false
  }

  next(): Delivery | undefined {
    const load = this.#host.next(this)
    if (load === undefined) return undefined
    this.given += 1
    this.#loads.set(load.delivery, load)
    return load.delivery
  }

  more(): Promise<boolean> {
    return this.#host.more(this)
  }

  done(delivery: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    const load = this.#loads.get(delivery)
    if (load === undefined) return
    this.#loads.delete(delivery)
    this.carried += 1
    this.#host.done(this, load, { results, facts })
  }

  /** It was called back: what it still has is not begun again at once, and its sender hears of it in the end. */
  callBack(trouble: Trouble): void {
    this.#stuck = trouble
  }

  giveBack(delivery: Delivery): void {
    const load = this.#loads.get(delivery)
    if (load === undefined) return
    this.#loads.delete(delivery)
    if (this.#stuck === undefined) return this.#host.giveBack(this, load)
    const trouble = this.#stuck
    this.#host.done(this, load, { results: delivery.recipients.map(() => trouble), facts: {} })
  }

  /** Nothing that a courier left behind is lost. */
  end(): void {
    for (const delivery of [...this.#loads.keys()].toReversed()) this.giveBack(delivery)
  }

  /** It failed over what it left behind: all of that ends like this, so that nothing fails for ever. */
  fail(trouble: Trouble): void {
    for (const delivery of this.#loads.keys()) {
      const results = delivery.recipients.map(() => trouble)
      this.done(delivery, results, {})
    }
  }
}
