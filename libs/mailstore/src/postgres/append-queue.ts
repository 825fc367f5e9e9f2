import { SqlError } from '@cartero/sql/postgres'

import type { AccountId } from '../ports.ts'
import type { AppendAnswer, AppendCall } from './append.ts'
import type { Lanes } from './lanes.ts'

export const APPEND_LIMITS = {
  /** Messages of one transaction: what is more waits for the next, so that nobody waits for long behind one that is large. */
  messages: 1_000,
  /** Octets of one transaction, as the messages are. */
  octets: 8 * 1024 * 1024,
  /** Messages that wait: a slow server must not fill the memory. Who brings more is told that the database is busy. */
  waiting: 50_000,
} as const

interface Waiting {
  readonly call: AppendCall
  readonly resolve: (answer: AppendAnswer) => void
  readonly reject: (error: unknown) => void
}

/** Calls that go in one transaction, and their place in the lanes. */
class Shared {
  readonly waiting: Waiting[] = []
  readonly accounts = new Set<AccountId>()
  readonly turns: Promise<unknown>[] = []
  readonly over = Promise.withResolvers<void>()
  messages = 0
  octets = 0

  hasRoomFor(messages: number, octets: number): boolean {
    if (this.waiting.length === 0) return true
    return this.messages + messages <= APPEND_LIMITS.messages && this.octets + octets <= APPEND_LIMITS.octets
  }
}

/**
 * Appends that arrive while a transaction runs share the next one. Each keeps its place in the lanes of its accounts: a call that came
 * after a reader of its account does not join those that came before him.
 */
export class AppendQueue {
  readonly #lanes: Lanes
  readonly #run: (calls: readonly AppendCall[]) => Promise<readonly AppendAnswer[]>
  readonly #queue: Shared[] = []
  #running = false

  /** @param run one transaction; it has no effect when it rejects. */
  constructor(lanes: Lanes, run: (calls: readonly AppendCall[]) => Promise<readonly AppendAnswer[]>) {
    this.#lanes = lanes
    this.#run = run
  }

  append(call: AppendCall): Promise<AppendAnswer> {
    const waiting = this.#queue.reduce((sum, { messages }) => sum + messages, 0)
    if (waiting >= APPEND_LIMITS.waiting) {
      return Promise.reject(new SqlError('busy', `${waiting} messages wait to be appended already`))
    }
    return new Promise((resolve, reject) => {
      this.#join(call).waiting.push({ call, resolve, reject })
      if (!this.#running) void this.#work()
    })
  }

  #join({ lines }: AppendCall): Shared {
    const accounts = new Set(lines.map(({ account }) => account))
    const octets = lines.reduce((sum, { prefix, structure }) => sum + prefix.length + structure.length, 0)
    const last = this.#queue.at(-1)
    const shared =
      last && this.#mayJoin(last, accounts) && last.hasRoomFor(lines.length, octets) ? last : new Shared()
    if (shared !== last) this.#queue.push(shared)
    shared.messages += lines.length
    shared.octets += octets
    for (const account of accounts) {
      if (shared.accounts.has(account)) continue
      shared.accounts.add(account)
      shared.turns.push(this.#lanes.enter(account, shared, shared.over.promise))
    }
    return shared
  }

  #mayJoin(shared: Shared, accounts: Iterable<AccountId>): boolean {
    for (const account of accounts) {
      if (shared.accounts.has(account) && !this.#lanes.isLast(account, shared)) return false
    }
    return true
  }

  async #work(): Promise<void> {
    this.#running = true
    // Calls that are made together travel together.
    await Promise.resolve()
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await Promise.all(next.turns)
      await this.#transact(next.waiting)
      next.over.resolve()
    }
    this.#running = false
  }

  /** When it failed for reasons of one call, the others are tried without it. */
  async #transact(waiting: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#run(waiting.map(({ call }) => call))
      for (const [at, { resolve }] of waiting.entries()) resolve(answers[at] as AppendAnswer)
    } catch (error) {
      if (waiting.length === 1 || isOfDatabase(error)) for (const { reject } of waiting) reject(error)
      else for (const each of waiting) await this.#transact([each])
    }
  }
}

/** Whether it would be the same with fewer calls. */
function isOfDatabase(error: unknown): boolean {
  return error instanceof SqlError && error.fault !== 'bug' && error.fault !== 'constraint'
}
