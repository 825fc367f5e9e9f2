import type { ContentId } from '@cartero/content'
import { asBuffer } from '@cartero/sql'
import type { EnhancedStatus } from '@cartero/syntax'

import { Entry } from '../ledger/entry.ts'
import { Item } from '../ledger/item.ts'
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
  /** When there is something to do, but for what is taken by destination; null when only an operator can say. */
  readonly due: number | null
  /** Whether it waits; false for a message with dead letters only. */
  readonly isWaiting: boolean
  /** -9 to 9. */
  readonly priority: number
  /** Without it, its only delivery has the number 0. */
  readonly isRouted: boolean
  readonly deliveries: readonly DeliveryRow[]
}

/** What is written of a message: all of it the first time, then what can change, and the deliveries that have. */
export type WrittenRow = Pick<
  MessageRow,
  'queueId' | 'crashes' | 'isBusy' | 'due' | 'isWaiting' | 'isRouted' | 'priority' | 'size' | 'acceptedAt'
> & {
  /** What its deliveries repeat, so that they can be listed by themselves. */
  readonly reversePath: string
  readonly text?: Pick<MessageRow, 'envelope' | 'prefix' | 'content'>
  readonly deliveries: readonly DeliveryRow[]
}

export interface DeliveryRow {
  readonly number: number
  readonly nextHop: string
  readonly recipients: string
  readonly state: DeliveryState
  readonly attempts: number
  readonly notBefore: number
  readonly reason: string
  /** '' until it is routed. */
  readonly destination: string
  /** When it can be taken for its destination: of what goes elsewhere, and waits for its time only. */
  readonly due: number | null
  readonly status: EnhancedStatus | ''
  readonly lapses: number
  readonly sender: string | null
  readonly sentence: 'return' | 'expire' | null
}

/** Octets that an index takes in memory, roughly; only small ones come here. */
const INDEX_OCTETS = 4_096

/** An entry of the ledger, and what SQLite knows of it. */
export class KeptEntry extends Entry {
  /** There is a row. */
  isRecorded = false
  /** The row, if there is one, is out of date. */
  isChanged = true
  /** There is a row for certain, with all deliveries as they are, but for those that say they have changed. */
  isWritten = false
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

  /** When there is something to do here, whoever does it. What a customer comes for only waits. */
  get due(): number | null {
    return this.#due((item) => !item.isCollected)
  }

  /** When there is something to do that nobody takes by destination. */
  get ownDue(): number | null {
    return this.#due((item) => item.isDead || item.destination === '' || !item.isOutbound)
  }

  #due(isMeant: (item: Item) => boolean): number | null {
    let due: number | null = null
    for (const item of this.listed) {
      const { state, notBefore, isDead } = item
      if (!isMeant(item)) continue
      if (state === 'ready' || state === 'leased') return 0
      if (state === 'deferred' || (isDead && notBefore > 0)) due = Math.min(due ?? Infinity, notBefore)
    }
    return due
  }

  /** It is remembered when it is done: an operator has to see dead letters. */
  get keepsRow(): boolean {
    return this.deadLetters.length > 0
  }

  /** Somebody else has got some of it from us, or an operator did not want it: a second time must not be. */
  get mustNotComeBack(): boolean {
    return (
      this.isRemovedUnrouted ||
      (this.items?.some(
        ({ isOutbound, state }) => state === 'removed' || (isOutbound && state === 'delivered'),
      ) ??
        false)
    )
  }
}

/** Who asks has to write it: the deliveries are taken for written. */
export function rowOf(entry: KeptEntry, isBusy: boolean): WrittenRow {
  const { queueId, envelope, prefix, content, size, acceptedAt } = entry.message
  const { isWritten, crashes, priority, isRouted } = entry
  const deliveries: DeliveryRow[] = []
  entry.listed.forEach((item, index) => {
    if (isWritten && !item.isChanged) return
    item.isChanged = false
    deliveries.push(deliveryRowOf(item, isRouted ? index + 1 : 0))
  })
  const row = { queueId, size, acceptedAt, crashes, isBusy, priority, isRouted, deliveries }
  return {
    ...row,
    due: entry.ownDue,
    isWaiting: !entry.isDone,
    reversePath: envelope.reversePath,
    ...(!isWritten && { text: { envelope: JSON.stringify(envelope), prefix, content } }),
  }
}

function deliveryRowOf(item: Item, number: number): DeliveryRow {
  const { nextHop, recipients, state, attempts, notBefore, reason, destination, status, lapses } = item
  return {
    number,
    nextHop: JSON.stringify(nextHop),
    recipients: JSON.stringify(recipients),
    state,
    attempts,
    notBefore,
    reason,
    destination,
    due: dueOf(item),
    status,
    lapses,
    sender: item.sender ?? null,
    sentence: item.sentence ?? null,
  }
}

/** When it can be taken for its destination. */
function dueOf({ isOutbound, destination, state, notBefore }: Item): number | null {
  if (!isOutbound || destination === '') return null
  if (state === 'ready' || state === 'leased') return 0
  return state === 'deferred' ? notBefore : null
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
  entry.isWritten = true
  entry.isChanged = false
  entry.crashes = row.crashes
  if (row.isRouted) entry.items = row.deliveries.map((delivery) => itemOf(entry, delivery, now))
  else {
    const [whole] = row.deliveries
    if (whole?.state === 'held') entry.whole.hold(whole.reason)
    entry.whole.isChanged = false
  }
  return entry
}

function itemOf(entry: KeptEntry, row: DeliveryRow, now: number): Item {
  const item = new Item(entry, `${entry.message.queueId}.${row.number}` as DeliveryId, {
    nextHop: JSON.parse(row.nextHop) as NextHop,
    recipients: JSON.parse(row.recipients) as DeliveryRecipient[],
    ...(row.sender !== null && { sender: row.sender }),
  })
  const isDue = row.state === 'leased' || (row.state === 'deferred' && row.notBefore <= now)
  item.state = isDue ? 'ready' : row.state
  item.attempts = row.attempts
  item.notBefore = isDue ? 0 : row.notBefore
  item.reason = row.reason
  item.status = row.status
  item.lapses = row.lapses
  if (row.sentence !== null) item.sentence = row.sentence
  item.isChanged = isDue
  return item
}
