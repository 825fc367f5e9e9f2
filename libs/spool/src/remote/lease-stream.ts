import type { LeaseRequest, LeaseResponse, SpoolService } from '@cartero/contracts/spool/service'

import { SpoolError, type Delivery, type DeliveryId, type Outcome } from '../ports.ts'
import { decodeDelivery } from '../remote-turns/delivery-codec.ts'
import { Outbox } from '../remote-turns/outbox.ts'
import { REMOTE_SPOOL_LIMITS } from './limits.ts'
import { encodeOutcome } from './outcome-codec.ts'

export interface LeaseStreamOptions {
  readonly service: Pick<SpoolService, 'Lease'>
  /** Deliveries of a batch. */
  readonly batch: number
  /** Told of what is given out, before anybody has it. */
  readonly leased: (ids: readonly DeliveryId[]) => void
}

/**
 * Leases of a spool in another process, and what becomes of them. It lasts as long as somebody asks for batches or holds anything of
 * them. When it breaks, all that is held is lost: it is ready again, over there.
 */
export class LeaseStream {
  readonly #options: LeaseStreamOptions
  readonly #outbox = new Outbox<LeaseRequest>()
  readonly #pending = new Map<bigint, PromiseWithResolvers<void>>()
  readonly #held = new Set<DeliveryId>()
  readonly #over = Promise.withResolvers<void>()
  readonly #stopped = Promise.withResolvers<void>()
  #atHand: (readonly Delivery[])[] = []
  #isStopping = false
  #isStopped = false
  #isOver = false
  #failure: SpoolError | undefined
  #ticket = 0n
  #came: (() => void) | undefined

  constructor(options: LeaseStreamOptions) {
    this.#options = options
    const { batch } = options
    this.#outbox.put({ request: { $case: 'begin', value: { batch } } })
    this.#outbox.put({
      request: { $case: 'room', value: { deliveries: batch * REMOTE_SPOOL_LIMITS.ahead } },
    })
    void this.#hear()
  }

  /** Why it broke. */
  get failure(): SpoolError | undefined {
    return this.#failure
  }

  /** What is held, and will never be settled by this stream when it is over. */
  get held(): ReadonlySet<DeliveryId> {
    return this.#held
  }

  /** Fulfilled when it is over, for whatever reason. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Fulfilled when nothing more comes, and what nobody wanted is ready again. */
  get stopped(): Promise<void> {
    return this.#stopped.promise
  }

  /** The next batch; undefined when there is none any more, or the signal aborts. */
  async next(signal: AbortSignal): Promise<readonly Delivery[] | undefined> {
    const wake = (): void => this.#came?.()
    signal.addEventListener('abort', wake, { once: true })
    while (this.#atHand.length === 0 && !this.#isEnding && !signal.aborted)
      await new Promise<void>((resolve) => (this.#came = resolve))
    signal.removeEventListener('abort', wake)
    const batch = this.#isOver || this.#isStopping || signal.aborted ? undefined : this.#atHand.shift()
    if (batch === undefined) return undefined
    this.#options.leased(batch.map(({ id }) => id))
    this.#outbox.put({ request: { $case: 'room', value: { deliveries: batch.length } } })
    return batch
  }

  /** Fulfilled when it is durable, as far as it has to be. Rejects with SpoolError, also when nobody answers any more. */
  async settle(outcomes: readonly Outcome[]): Promise<void> {
    for (const { id } of outcomes) this.#held.delete(id)
    const value = { ticket: ++this.#ticket, outcomes: outcomes.map(encodeOutcome) }
    await this.#confirmed(value.ticket, { request: { $case: 'settle', value } })
  }

  /** Fulfilled when it is known over there. Never rejects: what is not known there any more is ready again. */
  async giveBack(ids: readonly DeliveryId[]): Promise<void> {
    for (const id of ids) this.#held.delete(id)
    const value = { ticket: ++this.#ticket, ids: [...ids] }
    await this.#confirmed(value.ticket, { request: { $case: 'back', value } }).catch(() => undefined)
  }

  /** Leases nothing more. What was leased and nobody has asked for goes back. */
  stop(): void {
    if (this.#isStopping || this.#isOver) return
    this.#isStopping = true
    this.#outbox.put({ request: { $case: 'stop', value: {} } })
    this.#came?.()
    this.#giveBackAtHand()
  }

  /** Ends it now: whatever is held goes back. */
  async end(): Promise<void> {
    this.#outbox.close()
    await this.#over.promise
  }

  /** Nothing more comes in. */
  get #isEnding(): boolean {
    return this.#isStopping || this.#isStopped || this.#isOver
  }

  async #confirmed(ticket: bigint, request: LeaseRequest): Promise<void> {
    if (this.#isOver)
      throw this.#failure ?? new SpoolError('unavailable', 'the spool has taken its leases back')
    const confirmed = Promise.withResolvers<void>()
    this.#pending.set(ticket, confirmed)
    this.#outbox.put(request)
    await confirmed.promise
  }

  async #hear(): Promise<void> {
    try {
      for await (const { response } of this.#options.service.Lease(this.#outbox)) this.#heard(response)
      this.#ended(new SpoolError('unavailable', 'the spool has ended the lease'))
    } catch (error) {
      this.#ended(error instanceof SpoolError ? error : new SpoolError('unavailable', String(error)))
    }
  }

  #heard(response: LeaseResponse['response']): void {
    switch (response?.$case) {
      case 'batch':
        return this.#take(response.value.deliveries.map(decodeDelivery))
      case 'answer': {
        const { ticket, failure, isFull } = response.value
        const pending = this.#pending.get(ticket)
        this.#pending.delete(ticket)
        if (failure === undefined) pending?.resolve()
        else pending?.reject(new SpoolError(isFull ? 'full' : 'unavailable', failure))
        return this.#leave()
      }
      case 'stopped':
        // Asked for or not: when the other side leaves, what nobody has begun with is for others.
        this.#isStopped = true
        this.#giveBackAtHand()
        this.#came?.()
        return this.#leave()
      case undefined:
      // Who is newer says something that nobody here has asked for.
    }
  }

  #take(batch: readonly Delivery[]): void {
    const ids = batch.map(({ id }) => id)
    for (const id of ids) this.#held.add(id)
    if (this.#isStopping) return void this.giveBack(ids)
    this.#atHand.push(batch)
    this.#came?.()
  }

  #giveBackAtHand(): void {
    const ids = this.#atHand.flatMap((batch) => batch.map(({ id }) => id))
    this.#atHand = []
    if (ids.length > 0) void this.giveBack(ids)
  }

  /** It is over when nothing more comes and nothing is held. */
  #leave(): void {
    if (!this.#isStopped || this.#pending.size > 0) return
    this.#stopped.resolve()
    if (this.#held.size === 0) this.#outbox.close()
  }

  #ended(failure: SpoolError): void {
    this.#isOver = true
    this.#failure = failure
    this.#atHand = []
    this.#outbox.close()
    for (const { reject } of this.#pending.values()) reject(failure)
    this.#pending.clear()
    this.#stopped.resolve()
    this.#over.resolve()
    this.#came?.()
  }
}
