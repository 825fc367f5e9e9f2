import type { Floor } from './floor.ts'
import type { RelayLane } from './lane.ts'
import { TURN_MESSAGES, TURN_MS } from './limits.ts'
import type { Load } from './stock.ts'
import type { Supply } from './supply.ts'
import type { TokenBucket } from './token-bucket.ts'
import type { Attempt, Turn, TurnHost } from './turn.ts'

export interface ServiceOptions {
  readonly supply: Supply
  readonly bucket: TokenBucket | undefined
  /** Connections of the destination. */
  readonly held: () => number
  /** Takes more out of the spool, if there is room. */
  readonly replenish: () => void
  /** A host has answered. */
  readonly reached: (turn: Turn) => void
}

/** What the couriers of a destination are given to carry, and what becomes of what they bring back. */
export class Service implements TurnHost {
  readonly #floor: Floor
  readonly #on: ServiceOptions

  constructor(floor: Floor, options: ServiceOptions) {
    this.#floor = floor
    this.#on = options
  }

  /** Whether something may be given out now. */
  canServe(lane: RelayLane): boolean {
    return lane.stock.length > 0 && !this.#floor.settler.isFull && (this.#on.bucket?.wait ?? 0) === 0
  }

  next(turn: Turn): Load | undefined {
    if (this.#mustPart(turn) || !this.canServe(turn.lane)) return undefined
    const load = this.#on.supply.next(turn.lane)
    if (load !== undefined) {
      this.#on.bucket?.take()
      load.startedAt = turn.lastAt = this.#floor.clock.elapsed()
    }
    this.#on.replenish()
    return load
  }

  more(turn: Turn): Promise<boolean> {
    const { settings, idlers, pool } = this.#floor
    if (this.#mustPart(turn)) return Promise.resolve(false)
    if (this.canServe(turn.lane)) return Promise.resolve(true)
    if (pool.isWanted(turn.slot)) return Promise.resolve(false)
    this.#on.replenish()
    const untilToken = turn.lane.stock.length > 0 ? (this.#on.bucket?.wait ?? 0) : 0
    if (untilToken > 0 && untilToken <= settings.idle) return idlers.wait(turn.lane, untilToken, true)
    return idlers.wait(turn.lane, settings.idle)
  }

  done(turn: Turn, load: Load, { results, facts }: Attempt): void {
    const { lane } = turn
    const { clock, settler } = this.#floor
    const now = clock.elapsed()
    const isThrough = results.some(({ kind }) => kind !== 'deferred')
    const isAnswered = results.some((result) => 'remote' in result && result.remote !== undefined)
    turn.isTroubled = !isThrough && !isAnswered
    if (turn.carried === 1) lane.pace.began(now - turn.startedAt)
    // Several may be on their way at once: what counts is how fast they come to their ends.
    else lane.pace.took(now - Math.max(load.startedAt, turn.doneAt))
    turn.lastAt = turn.doneAt = now
    if (isThrough) lane.pace.succeeded()
    if (!turn.isTroubled) this.#on.reached(turn)
    settler.add({
      load,
      lane,
      results,
      facts: { sending: Math.round(now - load.startedAt), ...facts },
      endedAt: clock.now(),
      notBefore: lane.notBefore(clock),
    })
  }

  giveBack({ lane }: Turn, load: Load): void {
    if (this.#floor.leaving.aborted) this.#floor.spool.giveBack([load.delivery.id])
    else lane.stock.unshift(load)
  }

  #mustPart(turn: Turn): boolean {
    const { leaving, settings } = this.#floor
    const isOver =
      leaving.aborted ||
      turn.given >= settings.transactionsPerConnection ||
      turn.lane.backOff.troubleAt(this.#floor.clock.elapsed()) !== undefined ||
      this.#hasHadItsTurn(turn)
    if (isOver) turn.isParted = true
    return isOver
  }

  /** Somebody waits for a first connection; the last one of a destination is left when it was of some use. */
  #hasHadItsTurn({ slot, given, startedAt }: Turn): boolean {
    if (!this.#floor.pool.isWanted(slot)) return false
    return given >= TURN_MESSAGES || this.#on.held() > 1 || this.#floor.clock.elapsed() - startedAt >= TURN_MS
  }
}
