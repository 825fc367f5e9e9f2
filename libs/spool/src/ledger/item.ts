import type { EnhancedStatus } from '@cartero/syntax'

import type {
  Delivery,
  DeliveryId,
  DeliveryRecipient,
  DeliveryState,
  NextHop,
  Outcome,
  RecipientOutcome,
  SpooledMessage,
} from '../ports.ts'
import { destinationOf, type DestinationName } from '../queue.ts'
import type { Entry } from './entry.ts'

/**
 * How long a dead letter is kept: an operator may have been away for some weeks, and strangers' mail must not lie about for
 * ever.
 */
export const DEAD_LETTER_RETENTION_MS: number = 30 * 86_400_000

/** A delivery whose holders let their lease run out so often, one after the other, is held. */
export const MAX_LAPSES = 5
export const LAPSE_REASON = `its lease ran out ${MAX_LAPSES} times before an attempt came to an end`

/** Why a delivery is deferred that nobody has tried yet. */
export const HELD_BACK = 'held back by its sender'

/** The moment at which something ends, and how long dead letters are kept from then on. */
export interface Ending {
  readonly now: number
  readonly retention: number
}

type DeadState = 'failed' | 'expired'

export interface DeliveryPlan {
  readonly nextHop: NextHop
  readonly recipients: readonly DeliveryRecipient[]
  readonly sender?: string
  /** Held from the start, for this reason. */
  readonly held?: string
}

/** A delivery as the ledger keeps it; what is leased out is this object itself. */
export class Item implements Delivery {
  readonly id: DeliveryId
  readonly entry: Entry
  nextHop: NextHop
  destination: DestinationName
  recipients: readonly DeliveryRecipient[]
  readonly sender?: string
  sentence?: 'return' | 'expire'
  state: DeliveryState = 'ready'
  attempts = 0
  /** Of what is deferred, when it is due; of a dead letter, when it is forgotten. */
  notBefore = 0
  reason = ''
  /** Of the last attempt. */
  status: EnhancedStatus | '' = ''
  /** How often a lease of it ran out since the last attempt that came to an end. */
  lapses = 0
  /** It is another one than whoever keeps it knows. A lease changes nothing that is kept. */
  isChanged = true

  constructor(entry: Entry, id: DeliveryId, plan: DeliveryPlan) {
    this.entry = entry
    this.id = id
    this.nextHop = plan.nextHop
    this.destination = destinationOf(plan.nextHop)
    this.recipients = plan.recipients
    if (plan.sender !== undefined) this.sender = plan.sender
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

  /** Somebody else carries it. */
  get isOutbound(): boolean {
    return this.nextHop.kind !== 'local'
  }

  /** It waits until a customer comes for it. */
  get isCollected(): boolean {
    return this.nextHop.kind === 'odmr'
  }

  settle(outcome: Outcome, ending: Ending): void {
    // What an operator decides is no attempt.
    if (this.sentence === undefined) this.attempts += 1
    this.lapses = 0
    this.status = ''
    switch (outcome.state) {
      case 'mixed':
        return this.#divide(outcome.recipients, outcome.notBefore, ending)
      case 'deferred':
        return this.defer(outcome.notBefore, outcome.reason, ending.now)
      case 'failed':
      case 'expired':
        return this.bury(outcome.state, outcome.reason, ending)
      case 'held':
        return this.hold(outcome.reason)
      case 'delivered':
        return this.#end()
    }
  }

  /** Its holder said nothing in time. The attempt does not count; but what does this again and again is held. */
  lapse(): void {
    this.lapses += 1
    if (this.lapses >= MAX_LAPSES) this.hold(LAPSE_REASON)
    else this.ready()
  }

  ready(): void {
    this.isChanged = true
    this.state = 'ready'
    this.notBefore = 0
  }

  hold(reason: string): void {
    this.isChanged = true
    this.state = 'held'
    this.reason = reason
    this.notBefore = 0
  }

  remove(): void {
    this.isChanged = true
    this.state = 'removed'
    this.notBefore = 0
  }

  /** Until then, or until its time is over if that is sooner. */
  // RFC 2852 §4
  defer(notBefore: number, reason: string, now: number): void {
    this.isChanged = true
    const { deliverBy } = this.message.envelope
    const isLimited = deliverBy !== undefined && deliverBy.at > now
    this.state = 'deferred'
    this.reason = reason
    this.notBefore = isLimited ? Math.min(notBefore, deliverBy.at) : notBefore
  }

  bury(state: DeadState, reason: string, { now, retention }: Ending): void {
    this.isChanged = true
    this.state = state
    this.reason = reason
    this.notBefore = now + retention
  }

  /** It is to arrive there: what was decided about its end does not hold any more. */
  rerouteTo(nextHop: NextHop): void {
    delete this.sentence
    this.#goTo(nextHop)
    this.ready()
  }

  /**
   * An operator, or the time it has had, decides how it ends. A customer's never wait with a sentence: nobody is told of them, and
   * whoever comes for them is to get mail, so nobody would give it back. The relay does.
   */
  condemn(sentence: 'return' | 'expire', reason?: string): void {
    this.sentence = sentence
    if (reason !== undefined) this.reason = reason
    this.#goTo(nextHopOfCondemned(this.nextHop))
    this.ready()
  }

  #goTo(nextHop: NextHop): void {
    this.nextHop = nextHop
    this.destination = destinationOf(nextHop)
  }

  /** Those that wait stay; the dead letters get deliveries of their own, one for each reason. */
  #divide(outcomes: readonly RecipientOutcome[], notBefore: number, ending: Ending): void {
    const waiting: DeliveryRecipient[] = []
    let why: (RecipientOutcome & { readonly state: 'deferred' }) | undefined
    const dead = new Map<string, { state: DeadState; reason: string; recipients: DeliveryRecipient[] }>()
    this.recipients.forEach((recipient, i) => {
      // What nothing is said of is tried again: nothing may be lost by an outcome too few.
      const outcome = outcomes[i] ?? { state: 'deferred', reason: 'no outcome' }
      if (outcome.state === 'deferred') {
        waiting.push(outcome.told === undefined ? recipient : { ...recipient, told: outcome.told })
        why ??= outcome
      } else if (outcome.state === 'failed' || outcome.state === 'expired') {
        const { state, reason } = outcome
        const group = dead.get(`${state} ${reason}`)
        if (group === undefined) dead.set(`${state} ${reason}`, { state, reason, recipients: [recipient] })
        else group.recipients.push(recipient)
      }
    })
    if (why !== undefined) {
      this.recipients = waiting
      this.status = why.status ?? ''
      this.defer(notBefore, why.reason, ending.now)
    } else this.#end()
    for (const { state, reason, recipients } of dead.values()) {
      const item = this.state === 'delivered' ? this : this.entry.add(this, this.attempts)
      item.recipients = recipients
      item.bury(state, reason, ending)
    }
  }

  #end(): void {
    this.isChanged = true
    this.state = 'delivered'
    this.reason = ''
    this.notBefore = 0
  }
}

/** Who gives it back. */
export function nextHopOfCondemned(nextHop: NextHop): NextHop {
  return nextHop.kind === 'odmr' ? { kind: 'remote', domain: nextHop.domain } : nextHop
}

const FINAL: ReadonlySet<DeliveryState> = new Set(['delivered', 'failed', 'expired', 'removed'])

/** Which of two is older. */
export function isOlder(a: Item, b: Item): boolean {
  return a.message.queueId < b.message.queueId
}
