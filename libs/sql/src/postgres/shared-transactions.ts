import { SqlError } from '../error.ts'
import type { Postgres, Queries, TransactionOptions } from './postgres.ts'

/** Calls of one transaction: what it takes grows with them, and all of them wait for it. */
export const MOST_SHARED_CALLS = 500

/** Calls that wait for a transaction of their own: a slow server must not fill the memory. Then `busy`. */
export const MOST_WAITING_CALLS = 10_000

export interface SharedTransactionsOptions<Call, Result> {
  readonly database: Pick<Postgres, 'transaction'>
  /** Does many calls, in few statements; may be called again for a part of them, in another transaction. One result for each, in their order. */
  readonly perform: (queries: Queries, calls: readonly Call[]) => Promise<readonly Result[]>
  /** MOST_SHARED_CALLS when absent. */
  readonly most?: number
  /** MOST_WAITING_CALLS when absent. */
  readonly waiting?: number
  readonly transaction?: TransactionOptions
}

interface Waiter<Call, Result> {
  readonly call: Call
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Group commit: calls that come while a transaction runs share the next one. When one fails for a reason of its own (`constraint`, `bug`,
 * `full`), its half is tried again by itself, down to the call at fault, which fails alone.
 */
export class SharedTransactions<Call, Result> {
  readonly #options: SharedTransactionsOptions<Call, Result>
  readonly #waiting: Waiter<Call, Result>[] = []
  #running: Promise<void> | undefined

  constructor(options: SharedTransactionsOptions<Call, Result>) {
    this.#options = options
  }

  /** Durable when it is fulfilled. Rejects with SqlError, `busy` when too many wait, or with what `perform` threw. */
  run(call: Call): Promise<Result> {
    const { waiting = MOST_WAITING_CALLS } = this.#options
    if (this.#waiting.length >= waiting)
      return Promise.reject(new SqlError('busy', `postgres: ${waiting} calls wait for a transaction already`))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject })
      this.#running ??= this.#runAll()
    })
  }

  /** When all that was called so far has an answer. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #runAll(): Promise<void> {
    // Calls that are made together travel together.
    await Promise.resolve()
    const { most = MOST_SHARED_CALLS } = this.#options
    while (this.#waiting.length > 0) await this.#share(this.#waiting.splice(0, most))
    this.#running = undefined
  }

  async #share(waiters: readonly Waiter<Call, Result>[]): Promise<void> {
    const { database, perform, transaction } = this.#options
    const calls = waiters.map(({ call }) => call)
    try {
      const results = await database.transaction((queries) => perform(queries, calls), transaction)
      for (const [place, { resolve }] of waiters.entries()) resolve(results[place]!)
    } catch (error) {
      await this.#part(waiters, error)
    }
  }

  async #part(waiters: readonly Waiter<Call, Result>[], error: unknown): Promise<void> {
    const isOfAll = error instanceof SqlError && (error.fault === 'busy' || error.fault === 'io')
    if (isOfAll || waiters.length === 1) {
      for (const { reject } of waiters) reject(error)
      return
    }
    const half = Math.ceil(waiters.length / 2)
    await this.#share(waiters.slice(0, half))
    await this.#share(waiters.slice(half))
  }
}
