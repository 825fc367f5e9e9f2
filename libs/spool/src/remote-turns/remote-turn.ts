import type { TurnRequest, TurnRequest_Ending, TurnResponse } from '@cartero/contracts/spool/turn'

import type { AttemptFacts } from '../dispatch/ports.ts'
import type { Turn, TurnEnding } from '../dispatch/turns.ts'
import type { RecipientResult } from '../notices/index.ts'
import type { Delivery } from '../ports.ts'
import { decodeDelivery, encodeResult } from './delivery-codec.ts'
import { REMOTE_TURN_LIMITS } from './limits.ts'
import type { Outbox } from './outbox.ts'

export interface RemoteTurnOptions {
  readonly waiting: number
  readonly outbox: Outbox<TurnRequest>
  /** What the MTA says after its opening. */
  readonly responses: AsyncIterator<TurnResponse>
  /** Where octets are put that come with a delivery, by content. */
  readonly octets: Map<string, Buffer>
}

/**
 * A turn that an MTA in another process has given. When that one is gone, there is nothing more, and what was told and not yet
 * heard by it is lost with its leases: the customer gets those messages once more.
 */
export class RemoteTurn implements Turn {
  readonly waiting: number
  readonly #on: RemoteTurnOptions
  readonly #atHand: Delivery[] = []
  /** Asked for, and not come. */
  #asked = 0
  #isLast = false
  readonly #over = Promise.withResolvers<void>()
  #isOver = false
  #came: (() => void) | undefined
  #endings: TurnRequest_Ending[] = []
  #ending: Promise<void> | undefined

  constructor(options: RemoteTurnOptions) {
    this.#on = options
    this.waiting = options.waiting
    this.#ask()
    void this.#hear()
  }

  next(): Delivery | undefined {
    if (this.#ending !== undefined) return undefined
    const delivery = this.#atHand.shift()
    this.#ask()
    return delivery
  }

  async more(): Promise<boolean> {
    while (this.#atHand.length === 0) {
      if (this.#isLast || this.#isOver || this.#ending !== undefined) return false
      await new Promise<void>((resolve) => (this.#came = resolve))
    }
    return true
  }

  done({ id, message }: Delivery, results: readonly RecipientResult[], facts: AttemptFacts): void {
    this.#on.octets.delete(message.content)
    if (this.#endings.length === 0) setImmediate(() => this.#tell())
    this.#endings.push({ id, results: results.map(encodeResult), facts })
  }

  giveBack({ id, message }: Delivery): void {
    this.#on.octets.delete(message.content)
    this.#on.outbox.put({ request: { $case: 'back', value: { ids: [id] } } })
  }

  end(how: TurnEnding = { kind: 'stopped' }): Promise<void> {
    this.#ending ??= this.#end(how)
    return this.#ending
  }

  async #end(how: TurnEnding): Promise<void> {
    this.#came?.()
    for (const delivery of this.#atHand.splice(0)) this.giveBack(delivery)
    this.#tell()
    this.#on.outbox.put({ request: { $case: 'end', value: how } })
    await this.#over.promise
  }

  /** What ended in the same turn of the event loop goes together. */
  #tell(): void {
    const endings = this.#endings.splice(0)
    if (endings.length > 0) this.#on.outbox.put({ request: { $case: 'done', value: { endings } } })
  }

  /** Room is told of when half of it is free. */
  #ask(): void {
    const room = REMOTE_TURN_LIMITS.ahead - this.#atHand.length - this.#asked
    if (this.#isLast || room < REMOTE_TURN_LIMITS.ahead / 2) return
    this.#asked += room
    this.#on.outbox.put({ request: { $case: 'take', value: { deliveries: room } } })
  }

  async #hear(): Promise<void> {
    const { responses, outbox, octets } = this.#on
    try {
      while (!this.#isOver) {
        const { value, done } = await responses.next()
        if (done === true || this.#heard(value)) break
      }
    } catch {
      // It is gone, or said what it may not: its leases end by themselves.
    }
    this.#isOver = true
    // Their leases are gone, too.
    for (const { message } of this.#atHand.splice(0)) octets.delete(message.content)
    outbox.close()
    await responses.return?.()
    this.#over.resolve()
    this.#came?.()
  }

  /** True when it was the last. */
  #heard({ response }: TurnResponse): boolean {
    if (response?.$case !== 'batch') return response?.$case === 'ended'
    const { deliveries, isLast } = response.value
    for (const contract of deliveries) {
      const delivery = decodeDelivery(contract)
      const { octets } = contract
      if (octets !== undefined) this.#on.octets.set(delivery.message.content, octets)
      this.#atHand.push(delivery)
    }
    this.#asked -= deliveries.length
    this.#isLast ||= isLast
    this.#came?.()
    return false
  }
}
