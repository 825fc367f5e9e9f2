import type { ContentStore } from '@cartero/content'
import type { Delivery as ContractDelivery } from '@cartero/contracts/spool/delivery'
import type { TurnRequest, TurnRequest_Ending, TurnResponse } from '@cartero/contracts/spool/turn'
import { RpcError } from '@cartero/bus/grpc'

import { TURN_ENDINGS, type Turn, type TurnEnding } from '../dispatch/turns.ts'
import type { Delivery } from '../ports.ts'
import type { ContentsOut } from './contents-out.ts'
import { decodeFacts, decodeResult, encodeDelivery } from './delivery-codec.ts'
import { REMOTE_TURN_LIMITS } from './limits.ts'

export interface ServedTurnOptions {
  readonly turn: Turn
  /** What the caller says after `begin`. */
  readonly incoming: AsyncIterator<TurnRequest>
  readonly content: Pick<ContentStore, 'read'>
  readonly out: ContentsOut
}

/** One turn that an agent in another process has: what it says is done, and what it has room for is given to it. */
export class ServedTurn {
  readonly #on: ServedTurnOptions
  readonly #given = new Map<string, Delivery>()
  readonly #ended = Promise.withResolvers<void>()
  /** Deliveries that the caller has room for. */
  #room = 0
  #roomCame: (() => void) | undefined
  #isEnding = false
  /** How it ends when the caller does not say: he is gone. */
  #how: TurnEnding = { kind: 'lost', reason: 'the agent that spoke with the customer is gone' }
  #failure: unknown

  constructor(options: ServedTurnOptions) {
    this.#on = options
    void this.#hear()
  }

  /** What the caller hears, `ended` last of all. */
  async *responses(): AsyncGenerator<TurnResponse, void> {
    let isLast = false
    while (!this.#isEnding) {
      const deliveries = isLast ? [] : await this.#batch()
      if (deliveries.length > 0) yield batch(deliveries, false)
      else if (isLast || this.#room === 0) await this.#news()
      else if (!(await this.#more())) {
        isLast = true
        if (!this.#isEnding) yield batch([], true)
      }
    }
    if (this.#failure !== undefined) throw this.#failure
    await this.end()
    yield { response: { $case: 'ended', value: {} } }
  }

  /** What is out goes back. Idempotent. */
  async end(): Promise<void> {
    this.#over()
    for (const { message } of this.#given.values()) this.#on.out.remove(message.content)
    this.#given.clear()
    await this.#on.turn.end(this.#how)
  }

  #over(): void {
    this.#isEnding = true
    this.#ended.resolve()
    this.#roomCame?.()
  }

  /** Until there is room, or it is over. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomCame = resolve
      if (this.#isEnding) resolve()
    })
  }

  #more(): Promise<boolean> {
    return Promise.race([this.#on.turn.more(), this.#ended.promise.then(() => false)])
  }

  /** As many as there is room for; small contents go with them. */
  async #batch(): Promise<readonly ContractDelivery[]> {
    const { turn, out } = this.#on
    const taken: Delivery[] = []
    let octets = 0
    while (
      this.#room > 0 &&
      taken.length < REMOTE_TURN_LIMITS.batch &&
      octets < REMOTE_TURN_LIMITS.batchOctets
    ) {
      const delivery = turn.next()
      if (delivery === undefined) break
      this.#room -= 1
      this.#given.set(delivery.id, delivery)
      out.add(delivery.message.content)
      taken.push(delivery)
      octets += delivery.message.prefix.length + (isSmall(delivery) ? delivery.message.size : 0)
    }
    return await Promise.all(taken.map((delivery) => this.#encoded(delivery)))
  }

  /** Whoever cannot be given the octets now asks for them, and learns why. */
  async #encoded(delivery: Delivery): Promise<ContractDelivery> {
    const { content } = this.#on
    const octets = isSmall(delivery)
      ? await content.read(delivery.message.content).catch(() => undefined)
      : undefined
    return encodeDelivery(delivery, octets)
  }

  async #hear(): Promise<void> {
    try {
      while (!this.#isEnding) {
        const next = await this.#on.incoming.next()
        if (next.done === true) break
        this.#heard(next.value)
      }
    } catch (error) {
      this.#failure = error
    }
    this.#over()
  }

  #heard({ request }: TurnRequest): void {
    switch (request?.$case) {
      case 'take':
        this.#room = Math.min(this.#room + request.value.deliveries, REMOTE_TURN_LIMITS.ahead)
        return this.#roomCame?.()
      case 'done':
        for (const ending of request.value.endings) this.#done(ending)
        return
      case 'back':
        for (const id of request.value.ids) this.#on.turn.giveBack(this.#taken(id))
        return
      case 'end':
        this.#how = endingOf(request.value)
        this.#isEnding = true
        return
      default:
        throw new RpcError('FAILED_PRECONDITION', 'a turn begins once, and then says what becomes of it')
    }
  }

  #done({ id, results, facts }: TurnRequest_Ending): void {
    const delivery = this.#taken(id)
    if (results.length !== delivery.recipients.length)
      throw new RpcError('INVALID_ARGUMENT', `${id} has ${delivery.recipients.length} recipients`)
    this.#on.turn.done(delivery, results.map(decodeResult), decodeFacts(facts))
  }

  #taken(id: string): Delivery {
    const delivery = this.#given.get(id)
    if (delivery === undefined) throw new RpcError('FAILED_PRECONDITION', `${id} is not out in this turn`)
    this.#given.delete(id)
    this.#on.out.remove(delivery.message.content)
    return delivery
  }
}

function batch(deliveries: readonly ContractDelivery[], isLast: boolean): TurnResponse {
  return { response: { $case: 'batch', value: { deliveries, isLast } } }
}

function isSmall({ message: { prefix, size } }: Delivery): boolean {
  return prefix.length + size <= REMOTE_TURN_LIMITS.inline
}

function endingOf({
  kind,
  reason,
}: {
  readonly kind: string
  readonly reason?: string | undefined
}): TurnEnding {
  const known = TURN_ENDINGS.find((ending) => ending === kind)
  if (known === undefined) throw new RpcError('INVALID_ARGUMENT', `no turn ends '${kind}'`)
  return { kind: known, ...(reason !== undefined && { reason }) }
}
