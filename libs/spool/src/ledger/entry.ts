import type {
  Delivery,
  DeliveryId,
  DeliveryRecipient,
  DeliveryState,
  DeliverySummary,
  NextHop,
  Outcome,
  QueueId,
  SpooledMessage,
} from '../ports.ts'

/** A delivery as the ledger keeps it; what is leased out is this object itself. */
export class Item implements Delivery {
  readonly id: DeliveryId
  readonly entry: Entry
  readonly nextHop: NextHop
  readonly recipients: readonly DeliveryRecipient[]
  state: DeliveryState = 'ready'
  attempts = 0
  notBefore = 0
  reason = ''

  constructor(entry: Entry, plan: Omit<DeliveryPlan, 'id'> & { readonly id: DeliveryId }) {
    this.entry = entry
    this.id = plan.id
    this.nextHop = plan.nextHop
    this.recipients = plan.recipients
  }

  get message(): SpooledMessage {
    return this.entry.message
  }

  get isFinal(): boolean {
    return FINAL.has(this.state)
  }

  settle(outcome: Outcome): void {
    this.attempts += 1
    this.state = outcome.state
    this.reason = outcome.state === 'delivered' ? '' : outcome.reason
    this.notBefore = outcome.state === 'deferred' ? outcome.notBefore : 0
  }

  /** An operator wants it tried now: what waits or failed. False when there is nothing to release. */
  release(): boolean {
    if (!RELEASABLE.has(this.state)) return false
    this.state = 'ready'
    this.notBefore = 0
    return true
  }

  /** An operator wants it gone. False when it is being delivered, or gone already. */
  remove(): boolean {
    if (this.state === 'leased' || this.state === 'delivered' || this.state === 'removed') return false
    this.state = 'removed'
    return true
  }
}

export interface DeliveryPlan {
  readonly nextHop: NextHop
  readonly recipients: readonly DeliveryRecipient[]
}

const RELEASABLE: ReadonlySet<DeliveryState> = new Set(['deferred', 'held', 'failed', 'expired'])
const FINAL: ReadonlySet<DeliveryState> = new Set(['delivered', 'failed', 'expired', 'removed'])

/** A message and what became of it. */
export class Entry {
  readonly message: SpooledMessage
  items: readonly Item[] | undefined
  /** Taken out of the ledger: whoever still holds it in a queue passes over it. */
  isGone = false

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
    return this.items?.filter((item) => item.state === 'failed' || item.state === 'expired') ?? []
  }

  /** Numbers the deliveries from 1. */
  route(plans: readonly DeliveryPlan[]): void {
    const { queueId } = this.message
    this.items = plans.map((plan, index) => {
      return new Item(this, { id: `${queueId}.${index + 1}` as DeliveryId, ...plan })
    })
  }
}

/** The message that a delivery belongs to. */
export function queueIdOf(id: DeliveryId): QueueId {
  return id.slice(0, id.lastIndexOf('.')) as QueueId
}

/** The id under which a message that nobody has routed yet is listed. */
export function unroutedId(entry: Entry): DeliveryId {
  return `${entry.message.queueId}.0` as DeliveryId
}

export function summaries(entry: Entry): DeliverySummary[] {
  const { queueId, envelope, size, acceptedAt } = entry.message
  const common = { queueId, reversePath: envelope.reversePath, size, acceptedAt }
  if (entry.items === undefined) {
    const recipients = envelope.recipients.map((recipient) => recipient.address)
    return [{ ...common, id: unroutedId(entry), state: 'ready', recipients, attempts: 0 }]
  }
  return entry.items.map((item) => ({
    ...common,
    id: item.id,
    state: item.state,
    recipients: item.recipients.map((recipient) => recipient.address),
    attempts: item.attempts,
    ...(item.notBefore > 0 && { notBefore: item.notBefore }),
    ...(item.reason !== '' && { reason: item.reason }),
  }))
}
