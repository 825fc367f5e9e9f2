import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { faultOf } from './error.ts'
import type { Failure, Result } from './messages.ts'
import type { Procedures } from './procedures.ts'

export type NamedCall = readonly [name: string, argument: unknown]

/**
 * Runs calls of one database in one transaction. A call that throws is undone alone. If the transaction itself breaks
 * (disk full, I/O error), every call is tried once more by itself, so that reads and small writes still work.
 */
export class BatchRunner {
  readonly #database: DatabaseSync
  readonly #procedures: Procedures
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #rollback: StatementSync
  readonly #savepoint: StatementSync
  readonly #release: StatementSync
  readonly #undo: StatementSync

  constructor(database: DatabaseSync, procedures: Procedures) {
    this.#database = database
    this.#procedures = procedures
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
    this.#rollback = database.prepare('ROLLBACK')
    this.#savepoint = database.prepare('SAVEPOINT call')
    this.#release = database.prepare('RELEASE call')
    this.#undo = database.prepare('ROLLBACK TO call')
  }

  /** One result for each call, in order. Never throws. */
  run(calls: readonly NamedCall[]): Result[] {
    if (calls.length === 1) return calls.map((call) => this.#alone(call))
    return this.#together(calls) ?? calls.map((call) => this.#alone(call))
  }

  close(): void {
    this.#database.close()
  }

  /** Undefined when the transaction broke: nothing of it is left. */
  #together(calls: readonly NamedCall[]): Result[] | undefined {
    try {
      this.#begin.run()
      const results = calls.map((call) => this.#guarded(call))
      this.#commit.run()
      return results
    } catch {
      this.#abandon()
      return undefined
    }
  }

  /** Throws only when the transaction is gone. */
  #guarded(call: NamedCall): Result {
    this.#savepoint.run()
    try {
      const value = this.#perform(call)
      this.#release.run()
      return { ok: true, value }
    } catch (error) {
      // SQLITE_FULL, IOERR and NOMEM may have rolled everything back on their own; then this throws.
      this.#undo.run()
      this.#release.run()
      return failure(error)
    }
  }

  #alone(call: NamedCall): Result {
    try {
      this.#begin.run()
      const value = this.#perform(call)
      this.#commit.run()
      return { ok: true, value }
    } catch (error) {
      this.#abandon()
      return failure(error)
    }
  }

  #perform([name, argument]: NamedCall): unknown {
    const procedure = this.#procedures[name]
    if (procedure === undefined) throw new TypeError(`there is no procedure '${name}'`)
    const value = procedure(argument as never)
    if (value instanceof Promise) throw new TypeError(`procedure '${name}' must not be async`)
    return value
  }

  #abandon(): void {
    if (!this.#database.isTransaction) return
    try {
      this.#rollback.run()
    } catch {
      // ROLLBACK fails only when SQLite has already rolled back.
    }
  }
}

export function failure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const fault = faultOf(error)
  const stack = fault === 'bug' && error instanceof Error && error.stack !== undefined ? error.stack : message
  return { ok: false, fault, message: stack }
}
