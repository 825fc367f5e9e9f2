import type { Way } from '@cartero/routing'
import type { DueDestination, OutboundQueue, Spool } from '@cartero/spool'
import type { Notices } from '@cartero/spool/notices'
import { pause, type Clock } from '@cartero/wire'

import { Destination } from './destination.ts'
import type { Floor, RelayEvents, WayLimits } from './floor.ts'
import { Idlers } from './idlers.ts'
import { GATHERING_MS, LEASE_MS, MOST_REMEMBERED, MOST_WAITING, TAKE_PAUSE_MS } from './limits.ts'
import { Pool } from './pool.ts'
import type { Courier } from './ports.ts'
import { Retry } from './retry.ts'
import type { RelaySettings } from './settings.ts'
import { Settler } from './settler.ts'
import { Sweeper } from './sweeper.ts'

/** How often it is looked whether fewer destinations wait. Milliseconds. */
const LOOK_AGAIN_MS = 100

export interface RelayDependencies {
  readonly spool: Pick<Spool, 'giveBack' | 'settle'>
  readonly queue: Pick<OutboundQueue, 'due' | 'take' | 'urge'>
  readonly notices: Pick<Notices, 'conclude' | 'isTooLate' | 'settings'>
  readonly courier: Courier
  readonly settings: RelaySettings
  /** What a way has of its own. Absent: all have the same. */
  readonly limitsOf?: (way: Way) => WayLimits
  /** Milliseconds from one settlement to the next, at least; `GATHERING_MS` without it. */
  readonly gathering?: number
  /** Whose leases they are: another process has another name. */
  readonly owner: string
  readonly clock: Clock
  /** At least 0 and less than 1. */
  readonly random: () => number
  readonly events: RelayEvents
}

/**
 * Carries what waits for other hosts: destinations get their turns of a common pool of connections, couriers carry what is due,
 * and how it ended is settled in batches.
 */
export class Relay {
  readonly #queue: RelayDependencies['queue']
  readonly #floor: Floor
  readonly #destinations = new Map<string, Destination>()
  readonly #leaving = new AbortController()
  readonly #ending = new AbortController()
  readonly #work = new Set<Promise<void>>()

  constructor(dependencies: RelayDependencies) {
    const { settings, notices, clock, random, limitsOf = () => ({}), gathering = GATHERING_MS } = dependencies
    this.#queue = dependencies.queue
    const idlers: Floor['idlers'] = new Idlers(clock)
    const retry = new Retry(settings.retry, notices.settings, random)
    const settler = new Settler({ ...dependencies, retry, gathering }, this.#ending.signal)
    this.#floor = {
      ...dependencies,
      limitsOf,
      terms: { owner: dependencies.owner, expiresIn: LEASE_MS },
      idlers,
      settler,
      pool: new Pool(settings.connections, () => idlers.partOne()),
      sweeper: new Sweeper(() => settler.room()),
      leaving: this.#leaving.signal,
      ending: this.#ending.signal,
      track: (work) => this.#track(work),
    }
  }

  /** Connections that are open or being made. */
  get connections(): number {
    return this.#floor.pool.held
  }

  /** Destinations that wait for a connection. */
  get waiting(): number {
    return this.#floor.pool.waiting
  }

  /** Deliveries that have ended and are not settled. */
  get unsettled(): number {
    return this.#floor.settler.unsettled
  }

  /** Lanes with connections. */
  get lanes(): number {
    let lanes = 0
    for (const destination of this.#destinations.values()) lanes += destination.lanes
    return lanes
  }

  /** Carries until the signal aborts, or until it is drained. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#end(), { once: true })
    if (signal.aborted) this.#end()
    do await this.#listen()
    while (await this.#isToListenAgain())
    await this.#quiet()
  }

  /** Begins nothing more. What is under way ends, at once when the signal aborts; what was not begun goes back to the spool. */
  async drain(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#end(), { once: true })
    if (signal.aborted) this.#end()
    this.#leave()
    await this.#quiet()
  }

  /** Until it is time to leave, or the spool fails. */
  async #listen(): Promise<void> {
    try {
      for await (const due of this.#queue.due(this.#leaving.signal)) {
        for (const one of due) this.#tell(one)
        await this.#mayGoOn()
      }
    } catch (error) {
      this.#floor.events.notTaken(error)
    }
  }

  #isToListenAgain(): Promise<boolean> {
    return pause(this.#floor.clock, TAKE_PAUSE_MS, this.#leaving.signal)
  }

  #tell({ destination: name, nextHop, isUrged }: DueDestination): void {
    if (nextHop.kind === 'local' || nextHop.kind === 'odmr') return
    let destination = this.#destinations.get(name)
    if (destination === undefined) {
      this.#forget()
      destination = new Destination(this.#floor, name, nextHop)
      this.#destinations.set(name, destination)
    }
    destination.told(isUrged)
  }

  /** Who is remembered longest goes first, and nobody for whom there is something to do. */
  #forget(): void {
    if (this.#destinations.size < MOST_REMEMBERED) return
    const idle = [...this.#destinations.values()].filter(({ isIdle }) => isIdle)
    for (const { name } of idle.slice(0, MOST_REMEMBERED / 10)) this.#destinations.delete(name)
  }

  /** The spool is not asked for more destinations than can have their turn soon, nor for any when it cannot hear how it ends. */
  async #mayGoOn(): Promise<void> {
    while ((this.waiting >= MOST_WAITING || this.#floor.settler.isFull) && !this.#leaving.signal.aborted)
      await pause(this.#floor.clock, LOOK_AGAIN_MS, this.#leaving.signal)
  }

  #leave(): void {
    if (this.#leaving.signal.aborted) return
    this.#leaving.abort()
    this.#floor.idlers.partAll()
    for (const destination of this.#destinations.values()) destination.leave()
  }

  #end(): void {
    this.#leave()
    this.#ending.abort()
  }

  /** Until nothing is under way, and all that ended is settled. */
  async #quiet(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work)
    await this.#floor.settler.settled()
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked))
    this.#work.add(tracked)
  }
}
