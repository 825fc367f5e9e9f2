import { Fifo } from './fifo.ts'

interface Lane<T> {
  readonly priority: number
  readonly queue: Fifo<T>
}

/** Urgent first; first in, first out among equals, or in the order that is given. */
// RFC 6710 §5
export class Lanes<T> {
  readonly #isBefore: ((a: T, b: T) => boolean) | undefined
  /** Most urgent first; there are few. */
  readonly #lanes: Lane<T>[] = []

  constructor(isBefore?: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
  }

  get length(): number {
    let count = 0
    for (const { queue } of this.#lanes) count += queue.length
    return count
  }

  get isEmpty(): boolean {
    return this.#lanes.every(({ queue }) => queue.length === 0)
  }

  /** What `shift` would give. */
  get first(): T | undefined {
    return this.#lanes.find(({ queue }) => queue.length > 0)?.queue.first
  }

  push(item: T, priority: number): void {
    const at = this.#lanes.findIndex((lane) => lane.priority <= priority)
    const lane = this.#lanes[at]
    if (lane?.priority === priority) return lane.queue.push(item)
    const queue = new Fifo<T>(this.#isBefore)
    queue.push(item)
    this.#lanes.splice(at < 0 ? this.#lanes.length : at, 0, { priority, queue })
  }

  /** Drops whatever does not hold. */
  retain(holds: (item: T) => boolean): void {
    for (const { queue } of this.#lanes) queue.retain(holds)
  }

  shift(): T | undefined {
    for (const { queue } of this.#lanes) if (queue.length > 0) return queue.shift()
    return undefined
  }
}
