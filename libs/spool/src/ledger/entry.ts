import type { DeliveryId, NextHop, QueueId, SpooledMessage } from '../ports.ts'
import { HELD_BACK, Item, type DeliveryPlan } from './item.ts'

/** Of what nobody has routed yet: it has no destination. */
export const NOWHERE: NextHop = { kind: 'remote', domain: '' }

/** A message and what became of it. */
export class Entry {
  readonly message: SpooledMessage
  items: Item[] | undefined
  /** Taken out of the ledger: whoever still holds it in a queue passes over it. */
  isGone = false
  #whole: Item | undefined

  constructor(message: SpooledMessage) {
    this.message = message
  }

  get isRouted(): boolean {
    return this.items !== undefined
  }

  get isDone(): boolean {
    return this.items?.every((item) => item.isFinal) ?? false
  }

  /** What an operator has to see before it may be forgotten. */
  get deadLetters(): readonly Item[] {
    return this.items?.filter((item) => item.isDead) ?? []
  }

  /** -9 to 9. */
  get priority(): number {
    return this.message.envelope.priority ?? 0
  }

  /** The message as one delivery, `<queue id>.0`, as it is listed until it is routed. */
  get whole(): Item {
    return (this.#whole ??= new Item(this, unroutedId(this), {
      nextHop: NOWHERE,
      recipients: this.message.envelope.recipients.map(({ address }) => ({ address, account: '' })),
    }))
  }

  /** An operator does not want it routed. */
  get isHeldUnrouted(): boolean {
    return this.items === undefined && this.#whole?.state === 'held'
  }

  /** An operator ended it before it was routed. */
  get isRemovedUnrouted(): boolean {
    return this.#whole?.state === 'removed'
  }

  /** What is listed of it. */
  get listed(): readonly Item[] {
    return this.items ?? [this.whole]
  }

  /** Numbers the deliveries from 1. None is due before the sender wants it. */
  // RFC 4865 §4
  route(plans: readonly DeliveryPlan[], now: number): void {
    const { holdUntil = 0 } = this.message.envelope
    this.items = []
    for (const plan of plans) {
      const item = this.add(plan, 0)
      if (plan.held !== undefined) item.hold(plan.held)
      else if (holdUntil > now) item.defer(holdUntil, HELD_BACK, now)
    }
  }

  /** One delivery more, with the next number. */
  add(plan: DeliveryPlan, attempts: number): Item {
    const items = (this.items ??= [])
    const id = `${this.message.queueId}.${items.length + 1}` as DeliveryId
    const item = new Item(this, id, plan)
    item.attempts = attempts
    items.push(item)
    return item
  }

  /** Dead letters that were kept for as long as they are are no more. False when there are none. */
  forget(now: number): boolean {
    const over = this.deadLetters.filter(({ notBefore }) => notBefore > 0 && notBefore <= now)
    for (const item of over) item.remove()
    return over.length > 0
  }
}

/** The message that a delivery belongs to. */
export function queueIdOf(id: string): QueueId {
  const end = id.lastIndexOf('.')
  return (end < 0 ? id : id.slice(0, end)) as QueueId
}

/** Its number in the message; 0 is the whole message, not routed yet. */
export function numberOf(id: DeliveryId): number {
  return Number(id.slice(id.lastIndexOf('.') + 1))
}

/** The id under which a message that nobody has routed yet is listed. */
export function unroutedId(entry: Entry): DeliveryId {
  return `${entry.message.queueId}.0` as DeliveryId
}
