import { statement } from '@cartero/sql/postgres'

import type { Delivery, DeliveryId, Outcome, QueueId, Routed, SpooledMessage } from '../ports.ts'
import type { DestinationName, LeaseTerms } from '../queue.ts'
import type { LeaseAtOnce } from './acceptance.ts'
import { AtHand } from './at-hand.ts'
import type { Caretaker } from './caretaker.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'
import { leasedAtOnce, unroutedId, unroutedOf, type LeasedAtOnce } from './leased-at-once.ts'
import { BackOff, looking } from './looking.ts'
import type { Loops } from './loops.ts'
import { OwnLeases, type OwnLease } from './own-leases.ts'
import type { SpoolParts } from './parts.ts'
import { routeAll, type RoutedAll } from './routing.ts'
import { settleAll, type Settled } from './settlement.ts'
import { SharedWork } from './shared-work.ts'
import { leasedUntil, returnLeases, takeDue, type Taken } from './taking.ts'
import { UnknownLeases } from './unknown-leases.ts'

const { lookAgain, arrivalLease, localLease, together } = POSTGRES_SPOOL_LIMITS

/** Deliveries made due at once when a destination is urged. */
const URGED = 5_000

const URGE = statement(`
  UPDATE delivery SET state = 'ready', due = 0, not_before = 0 WHERE (queue_id, number) IN (
    SELECT queue_id, number FROM delivery
    WHERE destination = $1 AND state = 'deferred' AND attempts > 0 AND due > $2::bigint LIMIT $3 FOR UPDATE)`)

export interface WorkersOptions {
  readonly loops: Loops
  readonly caretaker: Caretaker
  /** Milliseconds that dead letters are kept. */
  readonly retention: number
  readonly ended: AbortSignal
}

/** What was leased as it was written. */
interface Handed {
  readonly deliveries: readonly Delivery[]
  readonly leases: readonly OwnLease[]
  /** So many had been announced. */
  readonly promised: number
}

/** What this process works on: it leases, and settles what it holds. */
export class Workers {
  readonly #parts: SpoolParts
  readonly #options: WorkersOptions
  readonly #leases: OwnLeases
  readonly #settling: SharedWork<Settled>
  readonly #routing: SharedWork<Routed>
  /** What could not be said to Postgres yet. */
  readonly #late = new Set<Promise<void>>()
  /** What is just being leased. */
  readonly #taking = new Set<Promise<unknown>>()
  /** When leases end that are being written, or that nobody has heard of. */
  readonly #ends = new Set<number>()
  readonly #unrouted: AtHand
  readonly #local: AtHand

  constructor(parts: SpoolParts, options: WorkersOptions) {
    this.#parts = parts
    this.#options = options
    this.#leases = new OwnLeases(parts.clock, (ids) => this.#lapse(ids))
    const { loops } = options
    this.#unrouted = new AtHand({ clock: parts.clock, wakeUp: loops.unrouted })
    this.#local = new AtHand({ clock: parts.clock, wakeUp: loops.local })
    this.#settling = new SharedWork(together, (settled) => this.#settleAll(settled))
    this.#routing = new SharedWork(together, (routed) => this.#routeAll(routed))
    const unknown = new UnknownLeases(parts, (id) => this.#leases.find(id) !== undefined)
    options.caretaker.also(async () => this.#return(await unknown.find(), false))
  }

  /**
   * Writes what was accepted, as leased by us when a router waits here. Returns how many nobody had taken in before.
   *
   * @param write returns those
   */
  async accept(
    messages: readonly SpooledMessage[],
    write: (lease?: LeaseAtOnce) => Promise<ReadonlySet<QueueId>>,
  ): Promise<number> {
    const { holder } = this.#parts
    if (!this.#unrouted.promise(messages.length)) {
      const { size } = await write()
      this.#options.loops.arrived()
      return size
    }
    const until = this.#endIn(arrivalLease)
    try {
      const fresh = await write({ holder, until })
      const byId = new Map(messages.map((message) => [message.queueId, message]))
      const unrouted = [...byId.values()].filter(({ queueId }) => fresh.has(queueId)).map(unroutedOf)
      const leases = unrouted.map(({ id, message }) => ({ id, destination: '', isOnly: true, message }))
      this.#hand(this.#unrouted, { deliveries: unrouted, leases, promised: messages.length })
      return fresh.size
    } catch (error) {
      this.#unrouted.withdraw(messages.length)
      this.#disown(messages.map(({ queueId }) => unroutedId(queueId)))
      throw error
    } finally {
      this.#ends.delete(until)
    }
  }

  async *arrivals(limit: number, signal: AbortSignal): AsyncGenerator<readonly SpooledMessage[], void> {
    this.#unrouted.enter()
    try {
      const wanted = { destination: '', limit, expiresIn: arrivalLease }
      for await (const batch of this.#looking(this.#unrouted, wanted, signal))
        yield batch.map(({ message }) => message)
    } finally {
      if (this.#unrouted.leave()) {
        this.#unrouted.drop(() => true)
        await this.#return(this.#leases.idsTo(''), false).catch(() => undefined)
      }
    }
  }

  async *lease(limit: number, signal: AbortSignal): AsyncGenerator<readonly Delivery[], void> {
    this.#local.enter()
    try {
      yield* this.#looking(this.#local, { destination: 'local', limit, expiresIn: localLease }, signal)
    } finally {
      if (this.#local.leave()) await this.giveBack(this.#local.drop(() => true).map(({ id }) => id))
    }
  }

  async take(
    destination: DestinationName,
    limit: number,
    { expiresIn }: LeaseTerms,
  ): Promise<readonly Delivery[]> {
    const { due } = this.#options.loops
    const posts = due.postsOf(destination)
    const { deliveries, isShort } = await this.#take({ destination, limit, expiresIn }, true)
    if (isShort) due.emptied(destination, posts)
    return deliveries
  }

  /** Tried again while the lease of the messages lasts: a router need not know of stores that are away. */
  async route(routed: readonly Routed[]): Promise<void> {
    const { clock } = this.#parts
    const backOff = new BackOff(clock)
    const until = clock.elapsed() + arrivalLease
    for (;;) {
      try {
        return await this.#routing.do(routed)
      } catch (error) {
        if (clock.elapsed() >= until || this.#options.ended.aborted) throw error
        this.#parts.trouble(error)
        await backOff.wait(this.#options.ended)
      }
    }
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const settled: Settled[] = []
    for (const outcome of outcomes) {
      const lease = this.#leases.find(outcome.id)
      if (lease === undefined) continue
      settled.push({ lease, outcome })
    }
    try {
      await this.#settling.do(settled)
    } catch (error) {
      this.#later(() => this.#settling.do(settled))
      throw error
    } finally {
      for (const { lease } of settled) this.#leases.end(lease.id)
    }
  }

  async giveBack(ids: readonly DeliveryId[]): Promise<void> {
    const held = ids.filter((id) => this.#leases.end(id) !== undefined)
    if (held.length === 0) return
    try {
      await this.#return(held, false)
    } catch {
      this.#later(() => this.#return(held, false))
    }
  }

  async urge(destination: DestinationName): Promise<number> {
    const { database, clock } = this.#parts
    let count = 0
    for (let found = URGED; found === URGED; count += found)
      found = await database.run(URGE, [destination, clock.now(), URGED])
    this.#options.loops.ready(destination, 0, true)
    return count
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#late, ...this.#taking])
    const ids = this.#leases.ids
    for (const id of ids) this.#leases.end(id)
    if (ids.length > 0) await this.#return(ids, false).catch(this.#parts.trouble)
  }

  #looking(
    atHand: AtHand,
    wanted: { readonly destination: DestinationName; readonly limit: number; readonly expiresIn: number },
    signal: AbortSignal,
  ): AsyncGenerator<readonly Delivery[], void> {
    const { clock, trouble } = this.#parts
    const { ended } = this.#options
    const { loops } = this.#options
    const wakeUp = atHand === this.#local ? loops.local : loops.unrouted
    const look = async () => {
      const deliveries = await atHand.next(wanted.limit, () => this.#take(wanted, false))
      // What came too late is handed back with the rest.
      return ended.aborted ? [] : deliveries
    }
    return looking({ clock, wakeUp, every: lookAgain, trouble, look }, AbortSignal.any([signal, ended]))
  }

  async #take(
    wanted: { readonly destination: DestinationName; readonly limit: number; readonly expiresIn: number },
    isSynced: boolean,
  ): Promise<Taken> {
    const { destination, limit, expiresIn } = wanted
    const until = this.#endIn(expiresIn)
    const taking = takeDue(this.#parts, { destination, limit, until, isSynced })
      .then((taken) => {
        this.#leases.add(taken.leases, expiresIn)
        this.#ends.delete(until)
        return taken
      })
      .catch((error: unknown) => {
        this.#findAgain(destination, until)
        throw error
      })
    this.#taking.add(taking)
    try {
      return await taking
    } finally {
      this.#taking.delete(taking)
    }
  }

  /** A time of their own for leases that are being written: what came of it is found by it when nobody hears. */
  #endIn(expiresIn: number): number {
    let until = this.#parts.clock.now() + expiresIn
    while (this.#ends.has(until)) until++
    this.#ends.add(until)
    return until
  }

  /** Something may have been leased although nobody heard of it: it is ready again, and need not wait until its lease ends. */
  #findAgain(destination: DestinationName, until: number): void {
    this.#later(async () => {
      const ids = await leasedUntil(this.#parts, { destination, until })
      await this.#return(
        ids.filter((id) => this.#leases.find(id) === undefined),
        false,
      )
      this.#ends.delete(until)
    })
  }

  async #routeAll(routed: readonly Routed[]): Promise<void> {
    const { loops, caretaker } = this.#options
    const local = this.#localOf(routed)
    const terms = {
      leased: new Set(local.map(({ delivery }) => delivery.message.queueId)),
      until: this.#endIn(localLease),
    }
    let result: RoutedAll
    try {
      result = await routeAll(this.#parts, routed, terms)
    } catch (error) {
      this.#local.withdraw(local.length)
      this.#disown(local.map(({ lease }) => lease.id))
      throw error
    } finally {
      this.#ends.delete(terms.until)
    }
    const { to, done, leased } = result
    const ours = local.filter(({ lease }) => leased.has(lease.id))
    this.#hand(this.#local, {
      deliveries: ours.map(({ delivery }) => delivery),
      leases: ours.map(({ lease }) => lease),
      promised: local.length,
    })
    for (const { queueId } of routed) this.#leases.end(unroutedId(queueId))
    caretaker.add(-done)
    for (const { destination, urgency, due } of to) {
      if (due === 0) loops.ready(destination, urgency)
      else if (due !== null) loops.readyAt(destination, due)
    }
  }

  /** What may be leased as it is routed: of messages that we know, when somebody here delivers. */
  #localOf(routed: readonly Routed[]): readonly LeasedAtOnce[] {
    const each = new Map(routed.map((one) => [one.queueId, one]))
    const local = [...each.values()].flatMap(({ queueId, deliveries }) => {
      const message = this.#leases.find(unroutedId(queueId))?.message
      if (message === undefined) return []
      const isOnly = deliveries.length === 1
      return deliveries.flatMap((delivery, at) =>
        delivery.nextHop.kind === 'local'
          ? [leasedAtOnce(message, { delivery, number: at + 1, isOnly })]
          : [],
      )
    })
    return this.#local.promise(local.length) ? local : []
  }

  /** Written as leased by us: given to who waits here, or ready again when he has left meanwhile. */
  #hand(atHand: AtHand, { deliveries, leases, promised }: Handed): void {
    this.#leases.add(leases, atHand === this.#local ? localLease : arrivalLease)
    if (atHand.put(deliveries, promised)) return
    const ids = deliveries.map(({ id }) => id)
    this.#return(ids, false).catch(() => this.#disown(ids))
  }

  /** They may have been leased although nobody heard of it. What is brought again, and leased then, is ours. */
  #disown(ids: readonly DeliveryId[]): void {
    if (ids.length === 0) return
    this.#later(() =>
      this.#return(
        ids.filter((id) => this.#leases.find(id) === undefined),
        false,
      ),
    )
  }

  async #settleAll(settled: readonly Settled[]): Promise<void> {
    const { loops, caretaker, retention } = this.#options
    const { moved, done } = await settleAll(this.#parts, settled, retention)
    caretaker.add(-done)
    for (const { destination, due } of moved) loops.readyAt(destination, due)
  }

  #lapse(ids: readonly DeliveryId[]): void {
    const lapsed = new Set(ids)
    for (const atHand of [this.#unrouted, this.#local]) atHand.drop(({ id }) => lapsed.has(id))
    this.#return(ids, true).catch(this.#parts.trouble)
  }

  async #return(ids: readonly DeliveryId[], isLapse: boolean): Promise<void> {
    if (ids.length === 0) return
    for (const id of ids) this.#leases.end(id)
    const returned = await returnLeases(this.#parts, ids, isLapse)
    for (const { destination, urgency, state } of returned)
      if (state === 'ready') this.#options.loops.ready(destination, urgency)
  }

  /** Until it can be said; what is said too late has no effect. */
  #later(say: () => Promise<void>): void {
    const saying = this.#persist(say)
    this.#late.add(saying)
    void saying.finally(() => this.#late.delete(saying))
  }

  async #persist(say: () => Promise<void>): Promise<void> {
    const { clock, trouble } = this.#parts
    const backOff = new BackOff(clock)
    const until = clock.elapsed() + localLease
    while (clock.elapsed() < until && !this.#options.ended.aborted) {
      await backOff.wait(this.#options.ended)
      try {
        return await say()
      } catch (error) {
        trouble(error)
      }
    }
    // Who leaves says it once more: nobody else knows of it, and leases would last.
    if (this.#options.ended.aborted) await say().catch(trouble)
  }
}
