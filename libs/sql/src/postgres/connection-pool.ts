import type pg from 'pg'

import { SqlError } from '../error.ts'
import { dispose } from './connector.ts'
import type { PostgresLimits } from './limits.ts'

export interface ConnectionPoolOptions {
  /** Rejects with SqlError; has a deadline of its own. */
  readonly open: () => Promise<pg.Client>
  readonly limits: PostgresLimits
}

interface Waiter {
  readonly resolve: (client: pg.Client) => void
  readonly reject: (error: SqlError) => void
  readonly patience: NodeJS.Timeout
}

/** How long a connection may take to say good-bye. */
const PARTING_MS = 1_000

/** Connections that are made when they are needed, kept while they are whole, and given to one at a time. */
export class ConnectionPool {
  readonly #options: ConnectionPoolOptions
  readonly #idle: { readonly client: pg.Client; readonly rest: NodeJS.Timeout }[] = []
  readonly #taken = new Set<pg.Client>()
  readonly #broken = new WeakSet<pg.Client>()
  readonly #waiting: Waiter[] = []
  #opening = 0
  #closing: Promise<void> | undefined
  #allGiven: (() => void) | undefined

  constructor(options: ConnectionPoolOptions) {
    this.#options = options
  }

  /** Rejects with SqlError `busy` when there is none in time, or too many wait. */
  take(): Promise<pg.Client> {
    const { limits } = this.#options
    if (this.#closing) return Promise.reject(new SqlError('busy', 'postgres: the connections are closed'))
    if (this.#waiting.length >= limits.waiting)
      return Promise.reject(new SqlError('busy', `postgres: ${limits.waiting} wait for a connection already`))
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        reject(new SqlError('busy', `postgres: no connection was free for ${limits.patience} ms`))
      }, limits.patience)
      const waiter = { resolve, reject, patience }
      this.#waiting.push(waiter)
      this.#serve()
    })
  }

  /** Back from who took it. One that is in the middle of something is not used again. */
  give(client: pg.Client, isBroken: boolean): void {
    this.#taken.delete(client)
    if (isBroken || this.#broken.has(client)) dispose(client)
    else this.#rest(client)
    this.#serve()
    if (this.#taken.size === 0) this.#allGiven?.()
  }

  /** Waits for those that are taken, but not for ever; nobody waits for one any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const { reject, patience } of this.#waiting.splice(0)) {
      clearTimeout(patience)
      reject(new SqlError('busy', 'postgres: the connections are closed'))
    }
    const resting = this.#idle.splice(0).map(({ client, rest }) => {
      clearTimeout(rest)
      return part(client)
    })
    if (this.#taken.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#allGiven = resolve
      const deadline = setTimeout(resolve, this.#options.limits.close)
      await promise
      clearTimeout(deadline)
      for (const client of this.#taken) dispose(client)
    }
    await Promise.all(resting)
  }

  #rest(client: pg.Client): void {
    if (this.#closing) {
      void part(client)
      return
    }
    const entry = { client, rest: setTimeout(() => this.#dismiss(client), this.#options.limits.idle) }
    entry.rest.unref()
    this.#idle.push(entry)
  }

  #dismiss(client: pg.Client): void {
    const place = this.#idle.findIndex((entry) => entry.client === client)
    if (place < 0) return
    clearTimeout(this.#idle.splice(place, 1)[0]!.rest)
    void part(client)
  }

  #serve(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) {
      const { client, rest } = this.#idle.pop()!
      clearTimeout(rest)
      this.#hand(client)
    }
    const { connections } = this.#options.limits
    while (
      this.#waiting.length > this.#opening &&
      this.#opening + this.#taken.size + this.#idle.length < connections
    )
      void this.#open()
  }

  #hand(client: pg.Client): void {
    const waiter = this.#waiting.shift()
    if (waiter === undefined) return this.#rest(client)
    clearTimeout(waiter.patience)
    this.#taken.add(client)
    waiter.resolve(client)
  }

  async #open(): Promise<void> {
    this.#opening++
    try {
      const client = await this.#options.open()
      client.on('end', () => this.#lose(client))
      client.on('error', () => this.#lose(client))
      this.#opening--
      this.#hand(client)
    } catch (error) {
      this.#opening--
      const waiter = this.#waiting.shift()
      if (waiter !== undefined) {
        clearTimeout(waiter.patience)
        waiter.reject(error as SqlError)
      }
      this.#serve()
    }
  }

  #lose(client: pg.Client): void {
    if (this.#broken.has(client)) return
    this.#broken.add(client)
    this.#dismiss(client)
  }
}

async function part(client: pg.Client): Promise<void> {
  const deadline = setTimeout(() => dispose(client), PARTING_MS)
  await client.end().catch(() => undefined)
  clearTimeout(deadline)
}
