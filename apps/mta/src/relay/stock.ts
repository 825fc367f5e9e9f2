import type { Delivery } from '@cartero/spool'

/** A delivery that was taken out of the spool. Times in milliseconds. */
export interface Load {
  readonly delivery: Delivery
  /** Since the epoch: its lease is by the time of day, too. */
  readonly takenAt: number
  /** When a courier got it, as `Clock.elapsed`; 0 before. */
  startedAt: number
}

/** Octets of memory that an envelope stands for, about: the object and its prefix, and each recipient. */
export function weightOf({ message, recipients }: Delivery): number {
  return 512 + message.prefix.length + 128 * recipients.length
}

/** What is at hand for the couriers of a lane, first in, first out. */
export class Stock {
  #loads: Load[] = []
  #head = 0
  #octets = 0

  get length(): number {
    return this.#loads.length - this.#head
  }

  /** Octets of memory that all of it stands for, about. */
  get octets(): number {
    return this.#octets
  }

  push(load: Load): void {
    this.#loads.push(load)
    this.#octets += weightOf(load.delivery)
  }

  /** Back to where it came from: it is the next one again. */
  unshift(load: Load): void {
    if (this.#head > 0) this.#loads[--this.#head] = load
    else this.#loads.unshift(load)
    this.#octets += weightOf(load.delivery)
  }

  shift(): Load | undefined {
    const load = this.#loads[this.#head]
    if (load === undefined) return undefined
    this.#head += 1
    this.#octets -= weightOf(load.delivery)
    if (this.#head === this.#loads.length) this.#clear()
    return load
  }

  /** Everything, which then is not here any more. */
  empty(): Load[] {
    const loads = this.#loads.slice(this.#head)
    this.#clear()
    return loads
  }

  #clear(): void {
    this.#loads = []
    this.#head = 0
    this.#octets = 0
  }
}
