import type {
  Delivery,
  DeliveryId,
  DeliveryRecipient,
  DeliveryState,
  DeliverySummary,
  NextHop,
  Outcome,
  RecipientOutcome,
  QueueId,
  SpooledMessage,
} from '../ports.ts'

/**
 * How long a dead letter is kept: an operator may have been away for some weeks, and strangers' mail must not lie about for
 * ever.
 */
export const DEAD_LETTER_RETENTION_MS: number = 30 * 86_400_000

/** The moment at which something ends, and how long dead letters are kept from then on. */
export interface Ending {
  readonly now: number
  readonly retention: number
}

type DeadState = 'failed' | 'expired'

/** A delivery as the ledger keeps it; what is leased out is this object itself. */
export class Item implements Delivery {
  readonly id: DeliveryId
  readonly entry: Entry
  readonly nextHop: NextHop
  recipients: readonly DeliveryRecipient[]
  state: DeliveryState = 'ready'
  attempts = 0
  /** Of what is deferred, when it is due; of a dead letter, when it is forgotten. */
  notBefore = 0
  reason = ''

  constructor(entry: Entry, plan: DeliveryPlan & { readonly id: DeliveryId }) {
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

  get isDead(): boolean {
    return this.state === 'failed' || this.state === 'expired'
  }

  settle(outcome: Outcome, ending: Ending): void {
    this.attempts += 1
    switch (outcome.state) {
      case 'mixed':
        return this.#divide(outcome.recipients, outcome.notBefore, ending)
      case 'deferred':
        return this.defer(outcome.notBefore, outcome.reason, ending.now)
      case 'failed':
      case 'expired':
        return this.bury(outcome.state, outcome.reason, ending)
      case 'held':
        this.state = 'held'
        this.reason = outcome.reason
        this.notBefore = 0
        return
      case 'delivered':
        return this.#end()
    }
  }

  /** Until then, or until its time is over if that is sooner. */
  // RFC 2852 §4
  defer(notBefore: number, reason: string, now: number): void {
    const { deliverBy } = this.message.envelope
    const isLimited = deliverBy !== undefined && deliverBy.at > now
    this.state = 'deferred'
    this.reason = reason
    this.notBefore = isLimited ? Math.min(notBefore, deliverBy.at) : notBefore
  }

  bury(state: DeadState, reason: string, { now, retention }: Ending): void {
    this.state = state
    this.reason = reason
    this.notBefore = now + retention
  }

  /** Those that wait stay; the dead letters get deliveries of their own, one for each reason. */
  #divide(outcomes: readonly RecipientOutcome[], notBefore: number, ending: Ending): void {
    const waiting: DeliveryRecipient[] = []
    let why: string | undefined
    const dead = new Map<string, { state: DeadState; reason: string; recipients: DeliveryRecipient[] }>()
    this.recipients.forEach((recipient, i) => {
      // What nothing is said of is tried again: nothing may be lost by an outcome too few.
      const outcome = outcomes[i] ?? { state: 'deferred', reason: 'no outcome' }
      if (outcome.state === 'deferred') {
        waiting.push(outcome.told === undefined ? recipient : { ...recipient, told: outcome.told })
        why ??= outcome.reason
      } else if (outcome.state === 'failed' || outcome.state === 'expired') {
        const { state, reason } = outcome
        const group = dead.get(`${state} ${reason}`)
        if (group === undefined) dead.set(`${state} ${reason}`, { state, reason, recipients: [recipient] })
        else group.recipients.push(recipient)
      }
    })
    if (why !== undefined) {
      this.recipients = waiting
      this.defer(notBefore, why, ending.now)
    } else this.#end()
    for (const { state, reason, recipients } of dead.values()) {
      const item = this.state === 'delivered' ? this : this.entry.add(this.nextHop, recipients, this.attempts)
      item.recipients = recipients
      item.bury(state, reason, ending)
    }
  }

  #end(): void {
    this.state = 'delivered'
    this.reason = ''
    this.notBefore = 0
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
    this.notBefore = 0
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
  items: Item[] | undefined
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
    return this.items?.filter((item) => item.isDead) ?? []
  }

  /** -9 to 9. */
  get priority(): number {
    return this.message.envelope.priority ?? 0
  }

  /** Numbers the deliveries from 1. None is due before the sender wants it. */
  // RFC 4865 §4
  route(plans: readonly DeliveryPlan[], now: number): void {
    const { holdUntil = 0 } = this.message.envelope
    this.items = []
    for (const { nextHop, recipients } of plans) {
      const item = this.add(nextHop, recipients, 0)
      if (holdUntil > now) item.defer(holdUntil, 'held back by its sender', now)
    }
  }

  /** One delivery more, with the next number. */
  add(nextHop: NextHop, recipients: readonly DeliveryRecipient[], attempts: number): Item {
    const items = (this.items ??= [])
    const id = `${this.message.queueId}.${items.length + 1}` as DeliveryId
    const item = new Item(this, { id, nextHop, recipients })
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
    ...(item.notBefore > 0 && (item.isDead ? { keptUntil: item.notBefore } : { notBefore: item.notBefore })),
    ...(item.reason !== '' && { reason: item.reason }),
  }))
}

/** Without a state, what waits and what failed. */
export function matches(state: DeliveryState | undefined): (summary: DeliverySummary) => boolean {
  return (summary) =>
    state === undefined
      ? summary.state !== 'delivered' && summary.state !== 'removed'
      : summary.state === state
}
