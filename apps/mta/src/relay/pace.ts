/** Messages that may wait for each connection before another is made, as long as nothing was measured. */
const UNMEASURED_BACKLOG = 4

/** Weight of the newest measurement in a mean. */
const NEWEST = 0.1

export interface PaceLimits {
  /** Connections that a lane begins with, and the most it may have. */
  readonly first: number
  readonly most: number
}

/**
 * How many connections a lane may have, and whether another one pays. It may have one more for as many successes as it has
 * connections, and half of them after a failure.
 */
export class Pace {
  readonly #limits: PaceLimits
  #limit: number
  /** Means in milliseconds: of a transaction, and of making a connection. */
  #transaction: number | undefined
  #setup: number | undefined

  constructor(limits: PaceLimits) {
    this.#limits = limits
    this.#limit = Math.min(limits.first, limits.most)
  }

  /** Connections that it may have. */
  get connections(): number {
    return Math.floor(this.#limit)
  }

  succeeded(): void {
    this.#limit = Math.min(this.#limits.most, this.#limit + 1 / this.#limit)
  }

  /** A connection failed; when a host has enough of us, at most as many as work now. */
  failed(working = Infinity): void {
    this.#limit = Math.max(1, Math.min(Math.floor(this.#limit / 2), working))
  }

  /** Whether it can be reached at all is found out with one connection. */
  probe(): void {
    this.#limit = 1
  }

  restart(): void {
    this.#limit = Math.min(this.#limits.first, this.#limits.most)
  }

  /** A transaction took this long, over a connection that had carried one before. */
  took(milliseconds: number): void {
    this.#transaction = mean(this.#transaction, milliseconds)
  }

  /** The first transaction of a connection was over after this time. */
  began(milliseconds: number): void {
    this.#setup = mean(this.#setup, Math.max(0, milliseconds - (this.#transaction ?? milliseconds / 2)))
  }

  /** Whether what waits would keep these connections busy for longer than it takes to make another one. */
  isWorthAnother(waiting: number, connections: number): boolean {
    if (waiting === 0 || connections >= this.connections) return false
    if (connections === 0) return true
    if (this.#transaction === undefined || this.#setup === undefined)
      return waiting > UNMEASURED_BACKLOG * connections
    return (waiting * this.#transaction) / connections > this.#setup
  }
}

function mean(before: number | undefined, now: number): number {
  return before === undefined ? now : before + (now - before) * NEWEST
}
