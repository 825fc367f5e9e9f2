import { RpcError } from '@cartero/bus/grpc'
import type { LeaseRequest, LeaseResponse } from '@cartero/contracts/spool/service'

import { SpoolError, type Delivery, type DeliveryId, type Spool } from '../ports.ts'
import { encodeDelivery } from '../remote-turns/delivery-codec.ts'
import { Outbox } from '../remote-turns/outbox.ts'
import { REMOTE_SPOOL_LIMITS } from './limits.ts'
import { decodeOutcome } from './outcome-codec.ts'

type Leasing = Pick<Spool, 'lease' | 'settle' | 'giveBack'>

/** What one caller has leased: given out as he has room, settled as he says, and ready again when he is gone. */
export class ServedLease {
  readonly #spool: Leasing
  readonly #outbox = new Outbox<LeaseResponse>()
  readonly #given = new Set<DeliveryId>()
  readonly #stop = new AbortController()
  readonly #leaving: AbortSignal | undefined
  readonly #leave = (): void => this.#halt()
  #batch = 0
  /** Deliveries that the caller has room for. */
  #room = 0
  #roomCame: (() => void) | undefined
  #lending: Promise<void> | undefined

  /** @param leaving aborts when nothing more is to be leased by anybody */
  constructor(spool: Leasing, leaving?: AbortSignal) {
    this.#spool = spool
    this.#leaving = leaving
    leaving?.addEventListener('abort', this.#leave, { once: true })
    if (leaving?.aborted === true) this.#halt()
  }

  /** Ends when the caller does, or rejects as he does. */
  async *responses(requests: AsyncIterable<LeaseRequest>): AsyncGenerator<LeaseResponse, void> {
    void this.#hear(requests)
    try {
      yield* this.#outbox
    } finally {
      await this.#end()
    }
  }

  async #hear(requests: AsyncIterable<LeaseRequest>): Promise<void> {
    try {
      for await (const request of requests) this.#heard(request)
      this.#outbox.close()
    } catch (error) {
      this.#outbox.fail(error)
    }
  }

  async #end(): Promise<void> {
    this.#halt()
    this.#leaving?.removeEventListener('abort', this.#leave)
    this.#outbox.close()
    await this.#lending
    if (this.#given.size > 0) this.#spool.giveBack([...this.#given])
    this.#given.clear()
  }

  #halt(): void {
    this.#stop.abort()
    this.#roomCame?.()
  }

  #heard({ request }: LeaseRequest): void {
    if ((request?.$case === 'begin') === (this.#lending !== undefined))
      throw new RpcError('FAILED_PRECONDITION', 'a lease begins once, and before all else')
    switch (request?.$case) {
      case 'begin':
        return this.#begin(request.value.batch)
      case 'room':
        this.#room = Math.min(this.#room + request.value.deliveries, this.#batch * REMOTE_SPOOL_LIMITS.ahead)
        return this.#roomCame?.()
      case 'settle': {
        const { ticket, outcomes } = request.value
        // What the caller does not have is none of his business.
        const mine = outcomes.filter(({ id }) => this.#given.delete(id as DeliveryId)).map(decodeOutcome)
        return void this.#settle(ticket, mine)
      }
      case 'back': {
        const { ticket, ids } = request.value
        this.#spool.giveBack((ids as DeliveryId[]).filter((id) => this.#given.delete(id)))
        return this.#answer(ticket)
      }
      case 'stop':
        return this.#halt()
      case undefined:
        throw new RpcError('INVALID_ARGUMENT', 'a request says what is wanted')
    }
  }

  #begin(batch: number): void {
    if (batch === 0) throw new RpcError('INVALID_ARGUMENT', 'a batch is of one delivery at least')
    this.#batch = Math.min(batch, REMOTE_SPOOL_LIMITS.batch)
    this.#lending = this.#lend().catch((error: unknown) => this.#outbox.fail(error))
  }

  async #settle(ticket: bigint, outcomes: Parameters<Leasing['settle']>[0]): Promise<void> {
    try {
      await this.#spool.settle(outcomes)
      this.#answer(ticket)
    } catch (error) {
      if (error instanceof SpoolError) this.#answer(ticket, error)
      else this.#outbox.fail(error)
    }
  }

  #answer(ticket: bigint, error?: SpoolError): void {
    const failure = error && { failure: error.message }
    const value = { ticket, isFull: error?.fault === 'full', ...failure }
    this.#outbox.put({ response: { $case: 'answer', value } })
  }

  /** Gives out what is due, a batch when there is room for one. */
  async #lend(): Promise<void> {
    const { signal } = this.#stop
    const batches = this.#spool.lease('local', this.#batch, signal)[Symbol.asyncIterator]()
    try {
      while (await this.#hasRoom()) {
        const { value, done } = await batches.next()
        if (done === true) break
        this.#give(value)
      }
    } finally {
      await batches.return?.()
    }
    if (!signal.aborted) throw new SpoolError('unavailable', 'the spool is closed')
    this.#outbox.put({ response: { $case: 'stopped', value: {} } })
  }

  /** False when nothing more is to be leased. */
  async #hasRoom(): Promise<boolean> {
    while (this.#room < this.#batch && !this.#stop.signal.aborted)
      await new Promise<void>((resolve) => (this.#roomCame = resolve))
    return !this.#stop.signal.aborted
  }

  #give(batch: readonly Delivery[]): void {
    this.#room -= batch.length
    let deliveries = []
    let octets = 0
    for (const delivery of batch) {
      this.#given.add(delivery.id)
      const one = encodeDelivery(delivery)
      deliveries.push(one)
      octets += one.prefix.length + (one.index?.length ?? 0)
      if (octets < REMOTE_SPOOL_LIMITS.batchOctets) continue
      this.#outbox.put({ response: { $case: 'batch', value: { deliveries } } })
      deliveries = []
      octets = 0
    }
    if (deliveries.length > 0) this.#outbox.put({ response: { $case: 'batch', value: { deliveries } } })
  }
}
