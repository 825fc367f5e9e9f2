import type { ContentId } from '@cartero/content'
import { asBuffer } from '@cartero/sql'

import { Entry, Item, type DeliveryPlan } from '../ledger/entry.ts'
import type {
  DeliveryId,
  DeliveryRecipient,
  DeliveryState,
  Envelope,
  NextHop,
  QueueId,
  SpooledMessage,
} from '../ports.ts'

/** A message as SQLite has it. */
export interface MessageRow {
  readonly queueId: QueueId
  readonly envelope: string
  readonly prefix: Uint8Array
  readonly content: ContentId
  readonly size: number
  readonly acceptedAt: number
  /** How often the process ended while it was worked on. */
  readonly crashes: number
  /** Somebody works on it. */
  readonly isBusy: boolean
  /** When there is something to do; null when only an operator can say. */
  readonly due: number | null
  /** Whether an operator still has to see it, or it waits; false for a message with dead letters only. */
  readonly isWaiting: boolean
  /** -9 to 9. */
  readonly priority: number
  /** Undefined until it is routed. */
  readonly deliveries: readonly DeliveryRow[] | undefined
}

export interface DeliveryRow {
  readonly number: number
  readonly nextHop: string
  readonly recipients: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly notBefore: number
  readonly reason: string
}

/** Octets that an index takes in memory, roughly; only small ones come here. */
const INDEX_OCTETS = 4_096

/** An entry of the ledger, and what SQLite knows of it. */
export class KeptEntry extends Entry {
  /** There is a row. */
  isRecorded = false
  /** The row, if there is one, is out of date. */
  isChanged = true
  crashes = 0
  /** Octets in memory, about. */
  readonly weight: number
  /** When it came into memory. */
  readonly since: number

  /** @param octets of its envelope and prefix */
  constructor(message: SpooledMessage, since: number, octets: number) {
    super(message)
    this.since = since
    this.weight = octets + (message.index === undefined ? 0 : INDEX_OCTETS)
  }

  /** When there is something to do. */
  get due(): number | null {
    if (this.items === undefined) return 0
    let due: number | null = null
    for (const { state, notBefore, isDead } of this.items) {
      if (state === 'ready' || state === 'leased') return 0
      if (state === 'deferred' || (isDead && notBefore > 0)) due = Math.min(due ?? Infinity, notBefore)
    }
    return due
  }

  /** It is remembered when it is done: an operator has to see dead letters, and a replay must not send again what has left. */
  get keepsRow(): boolean {
    return this.deadLetters.length > 0 || this.#hasLeft
  }

  /** Somebody else has got it from us: a second time would be a second message. */
  get #hasLeft(): boolean {
    return (
      this.items?.some(({ nextHop, state }) => nextHop.kind !== 'local' && state === 'delivered') ?? false
    )
  }
}

export function rowOf(entry: KeptEntry, isBusy: boolean): MessageRow {
  const { queueId, envelope, prefix, content, size, acceptedAt } = entry.message
  return {
    queueId,
    envelope: JSON.stringify(envelope),
    prefix,
    content,
    size,
    acceptedAt,
    crashes: entry.crashes,
    isBusy,
    due: entry.due,
    isWaiting: !entry.isDone,
    priority: entry.priority,
    deliveries: entry.items?.map(deliveryRowOf),
  }
}

function deliveryRowOf(
  { nextHop, recipients, state, attempts, notBefore, reason }: Item,
  index: number,
): DeliveryRow {
  return {
    number: index + 1,
    nextHop: JSON.stringify(nextHop),
    recipients: JSON.stringify(recipients),
    state,
    attempts,
    notBefore,
    reason,
  }
}

/** What is due at `now` is ready; what was leased is, too. */
export function entryOf(row: MessageRow, now: number): KeptEntry {
  const message = {
    queueId: row.queueId,
    envelope: JSON.parse(row.envelope) as Envelope,
    prefix: asBuffer(row.prefix),
    content: row.content,
    size: row.size,
    acceptedAt: row.acceptedAt,
  }
  const entry = new KeptEntry(message, now, row.envelope.length + row.prefix.length)
  entry.isRecorded = true
  entry.isChanged = false
  entry.crashes = row.crashes
  entry.items = row.deliveries?.map((delivery) => itemOf(entry, delivery, now))
  return entry
}

function itemOf(entry: KeptEntry, row: DeliveryRow, now: number): Item {
  const plan: DeliveryPlan = {
    nextHop: JSON.parse(row.nextHop) as NextHop,
    recipients: JSON.parse(row.recipients) as DeliveryRecipient[],
  }
  const item = new Item(entry, { id: `${entry.message.queueId}.${row.number}` as DeliveryId, ...plan })
  const isDue = row.state === 'leased' || (row.state === 'deferred' && row.notBefore <= now)
  item.state = isDue ? 'ready' : row.state
  item.attempts = row.attempts
  item.notBefore = isDue ? 0 : row.notBefore
  item.reason = row.reason
  return item
}
