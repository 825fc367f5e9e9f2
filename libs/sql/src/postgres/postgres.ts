import pg from 'pg'

import { isPassing, postgresError } from './fault.ts'
import type { Statement } from './statement.ts'

/** Asks the database. Rejects with SqlError. */
export interface Queries {
  /** int8 comes as a number (it throws when it is not exact: cast to text where it may be), bytea as Buffer. */
  rows<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<readonly Row[]>
  /** Returns how many rows it touched. */
  run(statement: Statement, values?: readonly unknown[]): Promise<number>
}

export interface PostgresOptions {
  /** `postgres://user@host:port/database`; several hosts after commas, of which the one is taken that writes. */
  readonly url: string
  readonly password?: string
  /** Tables stand in this schema, and are named without it. */
  readonly schema: string
  /** Connections at most; POSTGRES_LIMITS.connections when absent. */
  readonly connections?: number
  /** Who this is, for `pg_stat_activity`. */
  readonly name?: string
}

/** Times in milliseconds. */
export const POSTGRES_LIMITS = {
  /** A process has few things at a time to ask, since it asks in batches; a server has a hundred connections for all. */
  connections: 4,
  /** A server that is away is one that cannot be reached: whoever waits can be told. */
  connect: 5_000,
  /** A statement is given up, by the server too. Batches of a thousand rows take tens. */
  statement: 15_000,
  /** A connection that is not used is given back. */
  idle: 30_000,
  /** A transaction that met another one is made again so often. */
  attempts: 5,
} as const

/** A database of its own schema in Postgres. */
export class Postgres implements Queries {
  readonly schema: string
  readonly #pool: pg.Pool

  constructor({ url, password, schema, connections = POSTGRES_LIMITS.connections, name }: PostgresOptions) {
    this.schema = schema
    this.#pool = new pg.Pool({
      connectionString: url,
      ...(password !== undefined && { password }),
      max: connections,
      connectionTimeoutMillis: POSTGRES_LIMITS.connect,
      idleTimeoutMillis: POSTGRES_LIMITS.idle,
      query_timeout: POSTGRES_LIMITS.statement,
      statement_timeout: POSTGRES_LIMITS.statement,
      application_name: name ?? 'cartero',
      options: `-c search_path=${schema}`,
      types: { getTypeParser: parserOf as typeof pg.types.getTypeParser },
    })
    // A connection that breaks while nobody uses it is replaced when somebody does.
    this.#pool.on('error', () => undefined)
  }

  rows<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<readonly Row[]> {
    return queriesOn(this.#pool).rows(statement, values)
  }

  run(statement: Statement, values: readonly unknown[] = []): Promise<number> {
    return queriesOn(this.#pool).run(statement, values)
  }

  /** One transaction, durable when this is fulfilled; made again when it met another one, so `work` touches nothing else. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work)
      } catch (error) {
        if (attempt >= POSTGRES_LIMITS.attempts || !isPassing(error)) throw error
      }
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #once<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw postgresError(error)
    })
    let broken: Error | undefined
    try {
      await client.query('BEGIN')
      const result = await work(queriesOn(client))
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => (broken = failure))
      throw postgresError(error)
    } finally {
      client.release(broken)
    }
  }
}

function queriesOn(client: pg.Pool | pg.PoolClient): Queries {
  const ask = async ({ name, text }: Statement, values: readonly unknown[]): Promise<pg.QueryResult> => {
    try {
      return await client.query({ name, text, values: values as unknown[] })
    } catch (error) {
      throw postgresError(error)
    }
  }
  return {
    rows: async (statement, values = []) => (await ask(statement, values)).rows as never,
    run: async (statement, values = []) => (await ask(statement, values)).rowCount ?? 0,
  }
}

/** Number of the type int8 in pg_type. */
const INT8: number = pg.types.builtins.INT8

function parserOf(type: number, format?: 'text' | 'binary'): unknown {
  return type === INT8 && format !== 'binary' ? exactNumber : pg.types.getTypeParser(type, format)
}

function exactNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is not exact as a number`)
  return value
}
