import type pg from 'pg'

import { SqlError } from '../error.ts'
import { ConnectionPool } from './connection-pool.ts'
import { parseConnectionUrl } from './connection-url.ts'
import { Connector } from './connector.ts'
import { isLate, isOutdatedPlan, isParting, isPassing, postgresError } from './fault.ts'
import { POSTGRES_LIMITS, type PostgresLimits } from './limits.ts'
import type { Statement } from './statement.ts'

/** Asks the database. Rejects with SqlError. */
export interface Queries {
  /** int8 comes as a number (it throws when it is not exact: cast to text where it may be), bytea as Buffer. */
  rows<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Returns how many rows it touched. */
  run(statement: Statement, values?: readonly unknown[]): Promise<number>
}

/** Paths of files in PEM; the same as `sslrootcert`, `sslcert` and `sslkey` of the URL. */
export interface PostgresTls {
  /** Who vouches for the server. With it, and without a `sslmode`, the server's name is verified: `verify-full`. */
  readonly authorityFile?: string
  readonly certificateFile?: string
  readonly keyFile?: string
}

export interface PostgresOptions {
  /**
   * `postgres://user@host:port/database`; several hosts after commas, of which the one is taken that writes. `sslmode` is `disable`,
   * `require`, `verify-ca` or `verify-full`.
   */
  readonly url: string
  readonly password?: string
  readonly tls?: PostgresTls
  /** Tables stand in this schema, and are named without it. Lower-case letters, digits and `_`. */
  readonly schema: string
  /** Connections at most; POSTGRES_LIMITS.connections when absent. */
  readonly connections?: number
  /** Who this is, for `pg_stat_activity`. */
  readonly name?: string
  /** Instead of POSTGRES_LIMITS. */
  readonly limits?: Partial<PostgresLimits>
}

export interface TransactionOptions {
  /** `read committed` when absent. What reads and writes by `serializable` is made again when it met another one. */
  readonly isolation?: 'repeatable read' | 'serializable'
  readonly isReadOnly?: boolean
  /**
   * A statement is planned once for each connection, and not for its values: for `= ANY ($1)`, which Postgres plans each time since a
   * short list looks cheaper, at ten times the cost of asking. Not for what has `LIMIT $1`.
   */
  readonly isPlannedOnce?: boolean
}

/** Names of a schema: nothing that has to be quoted. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/

/** A database of its own schema in Postgres. Connections are made when they are needed. */
export class Postgres implements Queries {
  readonly schema: string
  readonly limits: PostgresLimits
  readonly #pool: ConnectionPool

  /** Throws SqlError, in words for the operator, when the URL or the schema is none. */
  constructor({ url, password, tls, schema, connections, name, limits }: PostgresOptions) {
    if (!SCHEMA.test(schema) || schema.startsWith('pg_'))
      throw new SqlError('io', `postgres: a schema cannot be called ${JSON.stringify(schema)}`)
    this.schema = schema
    this.limits = { ...POSTGRES_LIMITS, ...limits, ...(connections !== undefined && { connections }) }
    const target = { ...parseConnectionUrl(url), ...(password !== undefined && { password }), ...tls }
    const connector = new Connector({ target, schema, name: name ?? 'cartero', limits: this.limits })
    this.#pool = new ConnectionPool({ open: () => connector.open(), limits: this.limits })
  }

  async rows<Row extends object>(
    statement: Statement,
    values: readonly unknown[] = [],
  ): Promise<readonly Row[]> {
    return await this.#alone((queries) => queries.rows<Row>(statement, values))
  }

  async run(statement: Statement, values: readonly unknown[] = []): Promise<number> {
    return await this.#alone((queries) => queries.run(statement, values))
  }

  /**
   * One transaction, durable when this is fulfilled. It is made again when it met another one, or when its connection broke before the
   * commit, so `work` touches nothing else. Rejects with SqlError; `busy` also when the connection broke at the commit, and nobody
   * knows whether it was made: who brings it again must be idempotent.
   */
  async transaction<T>(work: (queries: Queries) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const state = { begun: false, committing: false }
      try {
        return await this.#with((client) => once(client, { work, options, state }))
      } catch (error) {
        const isAgain =
          isPassing(error) || (state.begun && !state.committing && isLost(error) && !isLate(error))
        if (attempt >= this.limits.attempts || !isAgain) throw error
      }
    }
  }

  /** Waits for what is being asked, POSTGRES_LIMITS.close at most; what waits for a connection is told `busy`. */
  async close(): Promise<void> {
    await this.#pool.close()
  }

  async #alone<T>(ask: (queries: Queries) => Promise<T>): Promise<T> {
    try {
      return await this.#with((client) => ask(queriesOn(client)))
    } catch (error) {
      if (!isOutdatedPlan(error)) throw error
      return await this.#with((client) => ask(queriesOn(client)))
    }
  }

  async #with<T>(use: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#pool.take()
    let isBroken = false
    try {
      return await use(client)
    } catch (error) {
      isBroken = isParting(error)
      throw error
    } finally {
      this.#pool.give(client, isBroken || client.getTransactionStatus() !== 'I')
    }
  }
}

interface Attempt<T> {
  readonly work: (queries: Queries) => Promise<T>
  readonly options: TransactionOptions
  readonly state: { begun: boolean; committing: boolean }
}

async function once<T>(client: pg.Client, { work, options, state }: Attempt<T>): Promise<T> {
  state.begun = true
  try {
    // It travels with the first statement.
    const begun = ask(client, beginning(options), [])
    begun.catch(() => undefined)
    const result = await work(queriesOn(client))
    await begun
    state.committing = true
    await commit(client)
    return result
  } catch (error) {
    if (!isParting(error)) await ask(client, ROLLBACK, []).catch(() => undefined)
    throw error
  }
}

async function commit(client: pg.Client): Promise<void> {
  try {
    const { command } = await ask(client, COMMIT, [])
    // A transaction in which something failed that `work` passed by.
    if (command !== 'COMMIT')
      throw new SqlError(
        'bug',
        'postgres: a statement failed, and the transaction was committed all the same',
      )
  } catch (error) {
    if (!isLost(error)) throw error
    throw new SqlError('busy', 'postgres: the connection broke at a commit, which may have been made', {
      cause: error,
    })
  }
}

/** The connection has ended, by whatever side: what was asked last may have been done. */
function isLost(error: unknown): boolean {
  return error instanceof SqlError && error.fault === 'busy' && isParting(error)
}

const COMMIT: Statement = { name: '', text: 'COMMIT' }
const ROLLBACK: Statement = { name: '', text: 'ROLLBACK' }

function beginning({ isolation, isReadOnly, isPlannedOnce }: TransactionOptions): Statement {
  const level = isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`
  const begin = `BEGIN${level}${isReadOnly ? ' READ ONLY' : ''}`
  return {
    name: '',
    text: isPlannedOnce ? `${begin}; SET LOCAL plan_cache_mode = force_generic_plan` : begin,
  }
}

async function ask(
  client: pg.Client,
  { name, text, patience }: Statement,
  values: readonly unknown[],
): Promise<pg.QueryResult> {
  try {
    return await client.query({
      ...(name !== '' && { name }),
      text,
      values: values as unknown[],
      ...(patience !== undefined && { query_timeout: patience }),
    } as pg.QueryConfig)
  } catch (error) {
    throw postgresError(error)
  }
}

function queriesOn(client: pg.Client): Queries {
  return {
    rows: async (statement, values = []) => (await ask(client, statement, values)).rows as never,
    run: async (statement, values = []) => (await ask(client, statement, values)).rowCount ?? 0,
  }
}
