import { Worker } from 'node:worker_threads'

import { SqlError } from './error.ts'
import type { QueuedCall, Request, Response, Result } from './messages.ts'
import { compact } from './octets.ts'
import type { Procedures } from './procedures.ts'

export interface StoreOptions {
  /** Path of the database file, or ':memory:'. Its directory must exist. */
  readonly file: string
  /** The module whose default export is a ProcedureModule. */
  readonly procedures: URL
  /** Page cache of this database, in KiB. Default 2,048: a mail system's working set is small, the process must stay small too. */
  readonly cacheKiB?: number
}

/** A database whose procedures are called from the event loop. */
export interface SqlStore<P extends Procedures> {
  /**
   * Runs a procedure. Calls are run in the order in which they were made; all that wait when the worker becomes free
   * run in one transaction. A call that throws is undone alone (savepoint) and rejects with SqlError.
   *
   * Guarantee: when the promise is fulfilled, what was written survives kill -9 and power loss (WAL, synchronous=FULL).
   * A batch that only reads pays no sync. Blobs in results are Uint8Array: `asBuffer` wraps them.
   */
  call<K extends keyof P & string>(name: K, ...argument: Parameters<P[K]>): Promise<ReturnType<P[K]>>
  /** False once the worker has died or the store was closed: every call is rejected then. */
  readonly available: boolean
  /** Waits for the calls made so far, then closes the database. */
  close(): Promise<void>
}

/** The thread's JavaScript heap; SQLite's own memory is bounded by the page caches. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 }
const DEFAULT_CACHE_KIB = 2_048
/** Calls per message: bounds how long one transaction, and the wait of those behind it, can grow. */
const MAX_BATCH = 1_000

interface Waiter {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** One message on its way through the thread, and those who wait for it. */
interface Turn {
  readonly request: Request
  readonly waiters: Waiter[]
}

/** One worker thread that hosts any number of databases (a thread costs about 10 MB: share it). */
export class SqlWorker {
  readonly #thread: Worker
  /** Turns not yet posted. The last one collects calls. */
  readonly #queue: Turn[] = []
  #running: Turn | undefined
  #scheduled = false
  /** Why nothing is accepted any more; what was accepted before is still run, unless the thread is dead. */
  #failure: SqlError | undefined
  #closing: Promise<void> | undefined
  #stores = 0

  constructor() {
    this.#thread = new Worker(new URL('./thread.ts', import.meta.url), {
      resourceLimits: RESOURCE_LIMITS,
      name: 'sql',
    })
    this.#thread.on('message', (response: Response) => this.#finish(response))
    this.#thread.on('error', (error) => this.#die(error as Error))
    this.#thread.on('exit', () => this.#die(new Error('it has exited')))
    this.#thread.unref()
  }

  /** Opens or creates a database. Rejects with SqlError; its message is meant for the operator. */
  async open<P extends Procedures>(options: StoreOptions): Promise<SqlStore<P>> {
    const store = this.#stores++
    const { file, procedures, cacheKiB = DEFAULT_CACHE_KIB } = options
    await this.#ask({ kind: 'open', store, file, procedures: procedures.href, cacheKiB })
    let closing: Promise<unknown> | undefined
    const isAvailable = () => closing === undefined && this.#failure === undefined
    return {
      get available() {
        return isAvailable()
      },
      call: (name, ...[argument]: unknown[]) =>
        closing === undefined
          ? (this.#call(store, name, argument) as Promise<never>)
          : Promise.reject(new SqlError('bug', `${file} is closed`)),
      close: async () => {
        closing ??= this.#failure === undefined ? this.#ask({ kind: 'close', store }) : Promise.resolve()
        await closing
      },
    }
  }

  /** Runs what was called so far, closes all databases and ends the thread. */
  close(): Promise<void> {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async #end(): Promise<void> {
    const drained = this.#ask({ kind: 'end' })
    this.#failure ??= new SqlError('bug', 'the database worker is closed')
    await drained.catch(() => undefined)
    await this.#thread.terminate()
  }

  #call(store: number, name: string, argument: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      const turn = this.#collecting()
      const calls = turn.request.calls as QueuedCall[]
      calls.push([store, name, compact(argument)])
      turn.waiters.push({ resolve, reject })
      this.#schedule()
    })
  }

  /** The turn that calls are added to: the last one, so that order is kept around `open` and `close`. */
  #collecting(): Turn & { request: { kind: 'batch' } } {
    const last = this.#queue.at(-1)
    if (last?.request.kind === 'batch' && last.waiters.length < MAX_BATCH) return last as never
    const turn = { request: { kind: 'batch' as const, calls: [] }, waiters: [] }
    this.#queue.push(turn)
    return turn
  }

  #ask(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure)
      this.#queue.push({ request, waiters: [{ resolve, reject }] })
      this.#schedule()
    })
  }

  /** Waits for the end of the current microtask, so that calls made together travel together. */
  #schedule(): void {
    if (this.#scheduled || this.#running !== undefined) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#next()
    })
  }

  #next(): void {
    if (this.#running !== undefined) return
    const turn = this.#queue.shift()
    if (turn === undefined) return this.#thread.unref()
    this.#running = turn
    this.#thread.ref()
    try {
      this.#thread.postMessage(turn.request)
    } catch (error) {
      this.#refuse(turn, error)
    }
  }

  /** An argument that cannot be cloned: its call fails, the others are posted without it. */
  #refuse(turn: Turn, error: unknown): void {
    this.#running = undefined
    const { request, waiters } = turn
    if (request.kind !== 'batch') throw error
    const [calls, kept]: [QueuedCall[], Waiter[]] = [[], []]
    for (const [place, call] of request.calls.entries()) {
      const waiter = waiters[place]
      if (waiter === undefined) continue
      try {
        structuredClone(call)
        calls.push(call)
        kept.push(waiter)
      } catch (cause) {
        waiter.reject(new SqlError('bug', `the argument of '${call[1]}' cannot be cloned`, { cause }))
      }
    }
    this.#queue.unshift({ request: { kind: 'batch', calls }, waiters: kept })
    this.#next()
  }

  #finish(response: Response): void {
    const waiters = this.#running?.waiters ?? []
    this.#running = undefined
    this.#next()
    for (const [place, waiter] of waiters.entries()) settle(waiter, response[place])
  }

  #die(cause: Error): void {
    this.#failure ??= new SqlError('io', `the database worker has stopped: ${cause.message}`, { cause })
    const waiting = [...(this.#running?.waiters ?? []), ...this.#queue.flatMap((turn) => turn.waiters)]
    this.#running = undefined
    this.#queue.length = 0
    for (const waiter of waiting) waiter.reject(this.#failure)
  }
}

function settle(waiter: Waiter, result: Result | undefined): void {
  if (result === undefined || result.ok) waiter.resolve(result?.value)
  else waiter.reject(new SqlError(result.fault, result.message))
}
