import { readFile } from 'node:fs/promises'
import type { ConnectionOptions } from 'node:tls'

import pg from 'pg'

import { SqlError } from '../error.ts'
import type { ConnectionTarget, HostAddress } from './connection-url.ts'
import { postgresError } from './fault.ts'
import type { PostgresLimits } from './limits.ts'
import { typeParser } from './type-parser.ts'

export interface ConnectorOptions {
  readonly target: ConnectionTarget
  readonly schema: string
  readonly name: string
  readonly limits: PostgresLimits
}

/** Opens connections, to the host that writes. Files of TLS are read anew for each, so that they may be renewed. */
export class Connector {
  readonly #options: ConnectorOptions
  /** The host that was right the last time. */
  #preferred = 0

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /** Rejects with SqlError when no host of those named can be used. */
  async open(): Promise<pg.Client> {
    const { hosts } = this.#options.target
    const reasons: string[] = []
    let last: unknown
    for (let nth = 0; nth < hosts.length; nth++) {
      const place = (this.#preferred + nth) % hosts.length
      try {
        const client = await this.#openAt(hosts[place]!)
        this.#preferred = place
        return client
      } catch (error) {
        last = postgresError(error)
        reasons.push(`${hosts[place]!.host}: ${(last as Error).message}`)
      }
    }
    if (hosts.length === 1 || !(last instanceof SqlError)) throw last
    throw new SqlError(last.fault, `postgres: no host can be used (${reasons.join('; ')})`, { cause: last })
  }

  async #openAt({ host, port }: HostAddress): Promise<pg.Client> {
    const { target, schema, name, limits } = this.#options
    const { database, user, password } = target
    const client = new pg.Client({
      host,
      port,
      database,
      ...(user !== undefined && { user }),
      ...(password !== undefined && { password }),
      ssl: await tlsOptions(target, host),
      connectionTimeoutMillis: Math.ceil(limits.connect / target.hosts.length),
      // The server's own end of a statement comes first, and leaves the connection as it was.
      query_timeout: limits.statement + 1_000,
      statement_timeout: limits.statement,
      idle_in_transaction_session_timeout: limits.silence,
      application_name: name,
      options: `-c search_path=${schema}`,
      keepAlive: true,
      pipeline: true,
      types: { getTypeParser: typeParser },
    })
    // What breaks while nobody asks anything is noticed by who asks next.
    client.on('error', () => undefined)
    try {
      await client.connect()
      if (target.mustWrite) await this.#expectWriter(client)
      return client
    } catch (error) {
      dispose(client)
      throw error
    }
  }

  async #expectWriter(client: pg.Client): Promise<void> {
    const question = { text: 'SHOW transaction_read_only', query_timeout: this.#options.limits.connect }
    const { rows } = await client.query<{ transaction_read_only: string }>(question)
    if (rows[0]?.transaction_read_only !== 'off') throw new SqlError('busy', 'postgres: it only reads')
  }
}

/** Ends a connection without a word to the server, which may not hear. */
export function dispose(client: pg.Client): void {
  const { connection } = client as unknown as {
    readonly connection: { readonly stream: { destroy(): void } }
  }
  connection.stream.destroy()
}

async function tlsOptions(target: ConnectionTarget, host: string): Promise<ConnectionOptions | false> {
  const { authorityFile, certificateFile, keyFile } = target
  const { tlsMode = authorityFile === undefined ? 'disable' : 'verify-full' } = target
  if (tlsMode === 'disable' || host.startsWith('/')) return false
  const [ca, cert, key] = await Promise.all([authorityFile, certificateFile, keyFile].map(contentOf))
  return {
    // What it is compared with where the host is an address.
    host,
    minVersion: 'TLSv1.2',
    // As libpq has it: who names an authority wants it to be asked.
    rejectUnauthorized: tlsMode !== 'require' || ca !== undefined,
    ...(tlsMode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
}

async function contentOf(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new SqlError('io', `postgres: ${file} cannot be read`, { cause })
  }
}
