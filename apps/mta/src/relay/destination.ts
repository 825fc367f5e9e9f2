import type { Way } from '@cartero/routing'
import type { Trouble } from '@cartero/spool/notices'

import type { Floor } from './floor.ts'
import { failedOver, judge, STUCK } from './judgement.ts'
import type { RelayLane } from './lane.ts'
import { STOCK, SWEEP_PAGE, TAKE_PAUSE_MS, TRANSACTION_MS } from './limits.ts'
import type { Claimant, Slot, Standing } from './pool.ts'
import type { RunEnding } from './ports.ts'
import { Service } from './service.ts'
import { Supply } from './supply.ts'
import type { Sweepable } from './sweeper.ts'
import { TokenBucket } from './token-bucket.ts'
import { Turn } from './turn.ts'

/** Whom the next connection is for: a lane, or whatever comes out of the spool. */
type Opening = RelayLane | 'unknown' | undefined

/** Failures in a row after which all that waits for a destination is due once it is back: its messages waited for it alone. */
const OUTAGE = 2

/** A destination with its lanes: sees that they have connections and something to carry, and learns from how it ends. */
export class Destination implements Claimant, Sweepable {
  readonly name: string
  readonly #floor: Floor
  readonly #supply: Supply
  readonly #service: Service
  readonly #most: number
  readonly #bucket: TokenBucket | undefined
  /** Connections that are granted and not begun, since it is not known for whom. */
  #opening = 0
  /** As `Clock.elapsed`, like the alarm. */
  #restsUntil = 0
  #alarm: { readonly at: number; readonly cancel: () => void } | undefined
  #isWaitingForRoom = false

  constructor(floor: Floor, name: string, way: Way) {
    const { settings, clock } = floor
    const limits = { ...settings, ...floor.limitsOf(way) }
    this.name = name
    this.#floor = floor
    this.#most = limits.connectionsPerDestination
    this.#bucket = limits.messagesPerMinute > 0 ? new TokenBucket(limits.messagesPerMinute, clock) : undefined
    const pace = { first: limits.firstConnections, most: this.#most }
    this.#supply = new Supply(floor, { destination: name, way, limits: pace })
    this.#service = new Service(floor, {
      supply: this.#supply,
      bucket: this.#bucket,
      held: () => this.held,
      replenish: () => this.#replenish(),
      reached: (turn) => this.#reached(turn),
    })
  }

  /** Connections it has or is about to have. */
  get held(): number {
    let held = this.#opening
    for (const { turns } of this.#supply.lanes) held += turns.size
    return held
  }

  /** Lanes that mail is carried in. */
  get lanes(): number {
    let lanes = 0
    for (const { turns } of this.#supply.lanes) if (turns.size > 0) lanes += 1
    return lanes
  }

  /** There is nothing to do for it now. */
  get isIdle(): boolean {
    const { hasMore, isTaking, length } = this.#supply
    return this.held === 0 && !hasMore && !isTaking && length === 0
  }

  /** The spool has something due for it. */
  told(isUrged: boolean): void {
    this.#supply.hasMore = true
    if (isUrged) {
      this.#restsUntil = 0
      this.#supply.urge()
    }
    this.stir()
  }

  /** Something has changed: sees to what there is to do. */
  stir(): void {
    const { leaving, pool, sweeper, idlers } = this.#floor
    if (leaving.aborted) return
    if (this.#isToBeSwept) sweeper.add(this)
    else if (this.held > this.#opening) this.#replenish()
    const opening = this.#laneToOpen()
    if (opening === undefined) pool.withdraw(this)
    else {
      const isFirst = opening === 'unknown' || opening.turns.size === 0
      pool.ask(this, { standing: opening === 'unknown' ? this.#standing : opening.standing, isFirst })
    }
    for (const lane of this.#supply.lanes)
      if (this.#service.canServe(lane)) idlers.wake(lane, lane.stock.length)
  }

  granted(slot: Slot): void {
    const opening = this.#laneToOpen()
    if (opening === undefined) return this.#floor.pool.release(slot)
    if (opening === 'unknown') return this.#floor.track(this.#open(slot))
    this.#floor.track(this.#run(opening, slot))
    this.stir()
  }

  async sweep(): Promise<boolean> {
    if (!this.#isToBeSwept) return false
    const taken = this.#take(SWEEP_PAGE)
    this.#floor.track(taken)
    await taken
    if (this.#isToBeSwept) return true
    this.stir()
    return false
  }

  /** Nothing more is carried: what is at hand goes back to the spool. */
  leave(): void {
    this.#alarm?.cancel()
    for (const lane of this.#supply.lanes) this.#supply.handBack(lane)
  }

  // Connections

  /** Takes first, to see for which lane it is. */
  async #open(slot: Slot): Promise<void> {
    this.#opening += 1
    await this.#take(Math.max(1, this.#supply.room))
    this.#opening -= 1
    const found = this.#floor.leaving.aborted ? undefined : this.#laneToOpen()
    if (found === undefined || found === 'unknown') this.#floor.pool.release(slot)
    else this.#floor.track(this.#run(found, slot))
    this.stir()
  }

  async #run(lane: RelayLane, slot: Slot): Promise<void> {
    const { courier, clock, events, ending } = this.#floor
    const turn = new Turn(this.#service, { lane, slot, startedAt: clock.elapsed() })
    lane.turns.add(turn)
    const stuck = new AbortController()
    const cancel = this.#watch(turn, stuck)
    let how: RunEnding = { kind: 'idle' }
    try {
      how = await courier.run(turn, AbortSignal.any([ending, stuck.signal]))
    } catch (error) {
      events.bug(error)
      turn.fail(failedOver(error))
    }
    cancel()
    lane.turns.delete(turn)
    turn.end()
    if (stuck.signal.aborted) how = { kind: 'unreachable', trouble: STUCK, facts: {} }
    if (!this.#floor.leaving.aborted) this.#learn(turn, how)
    this.#floor.pool.release(slot)
    this.stir()
    // What nobody carries may be had by others.
    if (lane.turns.size === 0) this.#supply.handBack(lane)
  }

  /** A courier that gets nowhere is called back. */
  #watch(turn: Turn, stuck: AbortController): () => void {
    const { clock } = this.#floor
    const look = (): void => {
      if (clock.elapsed() - turn.lastAt < TRANSACTION_MS)
        return void (cancel = clock.after(TRANSACTION_MS / 4, look))
      turn.callBack(STUCK)
      stuck.abort(new Error(STUCK.reason))
    }
    let cancel = clock.after(TRANSACTION_MS / 4, look)
    return () => cancel()
  }

  #laneToOpen(): Opening {
    const { hasMore, isTaking, lanes } = this.#supply
    if (!hasMore && this.#supply.length === 0) return undefined
    if (this.held >= this.#most || !this.#mayBegin()) return undefined
    let another: RelayLane | undefined
    for (const lane of lanes) {
      if (lane.stock.length === 0) continue
      if (lane.turns.size === 0) return lane
      if (this.#isWorthAnother(lane)) another ??= lane
    }
    if (another !== undefined) return another
    return this.held === 0 && hasMore && !isTaking && !this.#isBarred ? 'unknown' : undefined
  }

  #isWorthAnother(lane: RelayLane): boolean {
    const { clock, idlers } = this.#floor
    const further = this.#supply.hasMore && !this.#supply.isTaking ? STOCK : 0
    const waiting = lane.stock.length + further - idlers.count(lane)
    return clock.elapsed() >= lane.growsAfter && lane.pace.isWorthAnother(waiting, lane.turns.size)
  }

  /** Nothing keeps it back; if something does, it is stirred when that is over. */
  #mayBegin(): boolean {
    const { clock, settler } = this.#floor
    if (settler.isFull) {
      if (!this.#isWaitingForRoom) settler.whenRoom(() => this.#hasRoom())
      this.#isWaitingForRoom = true
      return false
    }
    const elapsed = clock.elapsed()
    const wait = Math.max(this.#restsUntil - elapsed, this.#bucket?.wait ?? 0)
    if (wait > 0) this.#stirAt(elapsed + wait)
    return wait <= 0
  }

  #hasRoom(): void {
    this.#isWaitingForRoom = false
    this.stir()
  }

  #stirAt(at: number): void {
    if (this.#alarm !== undefined && this.#alarm.at <= at) return
    this.#alarm?.cancel()
    const { clock } = this.#floor
    const ring = (): void => {
      this.#alarm = undefined
      this.stir()
    }
    this.#alarm = { at, cancel: clock.after(Math.ceil(at - clock.elapsed()), ring) }
  }

  get #standing(): Standing {
    const standings = Array.from(this.#supply.lanes, ({ standing }) => standing)
    if (standings.length === 0 || standings.includes('new')) return 'new'
    return standings.includes('good') ? 'good' : 'bad'
  }

  // What is taken

  /** Something is due that may be for a lane that nothing is attempted in; what others get of it, there is room for. */
  get #isToBeSwept(): boolean {
    const { hasMore, isTaking, room } = this.#supply
    return (
      hasMore && !isTaking && this.#isBarred && room > 0 && !this.#floor.leaving.aborted && this.#mayBegin()
    )
  }

  get #isBarred(): boolean {
    const elapsed = this.#floor.clock.elapsed()
    for (const { backOff } of this.#supply.lanes) if (backOff.troubleAt(elapsed) !== undefined) return true
    return false
  }

  #replenish(): void {
    const { hasMore, isTaking, room } = this.#supply
    if (!hasMore || isTaking || room === 0 || this.#floor.leaving.aborted) return
    if (this.#isBarred) this.#floor.sweeper.add(this)
    else this.#floor.track(this.#take(room).then(() => this.stir()))
  }

  /** Never rejects. */
  async #take(limit: number): Promise<void> {
    const { clock, events } = this.#floor
    try {
      await this.#supply.take(limit)
    } catch (error) {
      events.notTaken(error)
      this.#restsUntil = clock.elapsed() + TAKE_PAUSE_MS
    }
  }

  // What is learnt

  #learn(turn: Turn, how: RunEnding): void {
    const elapsed = this.#floor.clock.elapsed()
    const judgement = judge(turn, how, elapsed)
    if (judgement.kind === 'rest') this.#restsUntil = elapsed + judgement.milliseconds
    if (judgement.kind === 'unreachable') this.#bar(turn.lane, judgement.trouble, elapsed)
  }

  /** Nothing is attempted for a while; what is due hears why. */
  #bar(lane: RelayLane, trouble: Trouble, elapsed: number): void {
    lane.generation += 1
    lane.backOff.fail(trouble, elapsed)
    lane.pace.probe()
    this.#floor.events.unreachable(lane, trouble, lane.notBefore(this.#floor.clock))
    for (const load of lane.stock.empty()) this.#supply.conclude(lane, load, trouble)
    if (!this.#supply.hasMore) lane.backOff.heard()
    this.#floor.idlers.part(lane)
  }

  #reached({ lane, slot }: Turn): void {
    this.#floor.pool.prove(slot)
    const { failures } = lane.backOff
    if (failures === 0) return
    lane.forgive()
    this.#floor.events.recovered(lane)
    if (failures >= OUTAGE)
      this.#floor.queue.urge(this.name).catch((error) => this.#floor.events.notTaken(error))
  }
}
