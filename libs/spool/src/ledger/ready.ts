import type { Clock } from '@cartero/wire'

import { isCollected, type DestinationName } from '../queue.ts'
import { Callboard } from './callboard.ts'
import { isOlder, type Item } from './item.ts'
import { Lanes } from './lanes.ts'

/** Calls for destinations with nothing ready in memory that may be kept beside those that have. */
export const MAX_CALLS = 10_000

interface Queue {
  readonly items: Lanes<Item>
  /** Somebody was told that there is something, and has not taken all of it. */
  isTold: boolean
  /** When somebody last took something, or the queue was begun. */
  takenAt: number
}

/** What is ready in memory, by destination; and who has to be told of it. */
export class ReadyQueues {
  readonly #queues = new Map<DestinationName, Queue>()
  readonly calls: Callboard = new Callboard()
  /** Calls for what is not in memory were dropped: it has to be looked for again. */
  hasForgotten = false

  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Deliveries to our own mailboxes that wait here, about. */
  get local(): number {
    return this.#queues.get('local')?.items.length ?? 0
  }

  /** @param isQuiet whoever looks through the destinations tells of it anyway */
  push(item: Item, isQuiet: boolean): void {
    const { destination, entry } = item
    const queue = this.#queueOf(destination, isQuiet)
    queue.items.push(item, entry.priority)
    if (queue.isTold || !item.isOutbound) return
    queue.isTold = true
    this.call(destination, entry.priority)
  }

  /** Tells that there is something to do for a destination, in memory or not; never of what customers come for. */
  call(destination: DestinationName, priority: number, isUrged = false): void {
    if (isCollected(destination)) return
    this.calls.post(destination, priority, isUrged)
    if (this.calls.size <= MAX_CALLS + this.#queues.size) return
    this.calls.retain((destination) => this.#queues.has(destination))
    this.hasForgotten = true
  }

  /** Tells of everything again that is here: somebody new listens. */
  callAll(): void {
    this.calls.retain(() => false)
    for (const [destination, queue] of this.#queues) {
      const first = queue.items.first
      if (destination === 'local' || first === undefined) continue
      queue.isTold = true
      this.call(destination, first.entry.priority)
    }
  }

  /** Nobody has taken anything for it since then. */
  isDormant(destination: DestinationName, since: number): boolean {
    const queue = this.#queues.get(destination)
    return queue !== undefined && queue.takenAt < since
  }

  /** The most urgent, then the oldest, that is still ready; undefined when there is none. */
  shift(destination: DestinationName): Item | undefined {
    const queue = this.#queues.get(destination)
    if (queue !== undefined) queue.takenAt = this.#clock.now()
    for (let item = queue?.items.shift(); item !== undefined; item = queue?.items.shift()) {
      // Gone, changed, or in the queue twice.
      if (isWaiting(item, destination)) return item
    }
    if (queue !== undefined) this.#queues.delete(destination)
    return undefined
  }

  /** What is gone leaves the queues, in case nobody takes anything out of them. */
  sweep(): void {
    for (const [destination, { items }] of this.#queues) {
      items.retain((item) => isWaiting(item, destination))
      if (items.isEmpty) this.#queues.delete(destination)
    }
  }

  #queueOf(destination: DestinationName, isTold: boolean): Queue {
    let queue = this.#queues.get(destination)
    if (queue === undefined) {
      queue = { items: new Lanes(isOlder), isTold, takenAt: this.#clock.now() }
      this.#queues.set(destination, queue)
    }
    return queue
  }
}

function isWaiting(item: Item, destination: DestinationName): boolean {
  return item.state === 'ready' && !item.entry.isGone && item.destination === destination
}
