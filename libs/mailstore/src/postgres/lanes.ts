import type { AccountId } from '../ports.ts'

const done = Promise.resolve()

/** What is under way for an account. */
interface Lane {
  /** The last that writes. */
  written: Promise<unknown>
  /** All that read after it. */
  read: Promise<unknown>
  /** Who came last. */
  last: object
}

/**
 * The order of calls: those of one account are carried out in the order in which they were made, and those that only read go side by side.
 * A place is taken at once, for all accounts of a call, so nobody waits in a circle.
 */
export class Lanes {
  readonly #lanes = new Map<AccountId, Lane>()

  /** Acts after all that was to be written before. */
  read<T>(account: AccountId, act: () => Promise<T>): Promise<T> {
    const lane = this.#lane(account)
    const result = lane.written.then(act)
    const over = settled(result)
    lane.read = lane.read === done ? over : settled(Promise.all([lane.read, over]))
    lane.last = {}
    void this.#leave(account, lane, lane.read)
    return result
  }

  /** Acts after all that was to be read or written before. */
  write<T>(account: AccountId, act: () => Promise<T>): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const result = this.enter(account, {}, promise).then(act)
    void settled(result).then(() => resolve())
    return result
  }

  /** Takes a place for somebody who writes until `over`. Fulfilled when it is his turn. */
  enter(account: AccountId, who: object, over: Promise<unknown>): Promise<unknown> {
    const lane = this.#lane(account)
    const turn = Promise.all([lane.written, lane.read])
    Object.assign(lane, { written: over, read: done, last: who })
    void this.#leave(account, lane, over)
    return turn
  }

  /** Whether nobody came after him. */
  isLast(account: AccountId, who: object): boolean {
    return this.#lanes.get(account)?.last === who
  }

  /** Accounts for which something is under way. */
  get size(): number {
    return this.#lanes.size
  }

  #lane(account: AccountId): Lane {
    const known = this.#lanes.get(account)
    if (known !== undefined) return known
    const lane = { written: done, read: done, last: this }
    this.#lanes.set(account, lane)
    return lane
  }

  /** An account for which nothing is under way has no lane. */
  async #leave(account: AccountId, lane: Lane, over: Promise<unknown>): Promise<void> {
    const who = lane.last
    await over
    if (lane.last === who) this.#lanes.delete(account)
  }
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  )
}
