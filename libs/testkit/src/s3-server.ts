import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePorts } from './free-ports.ts'
import { PeerProcess } from './peer-process.ts'
import { S3Front } from './s3-front.ts'

const ROOT = '/opt/cartero-peers/radosgw/usr'
/** The gateway of Ceph, with the libraries it was built for. It keeps objects in SQLite when it is told to, and needs no cluster then. */
const LIBRARIES = libraries()

/** Writes down which process it is: signals are for the server, and not for what runs it. */
const NOTED = 'echo $$ >"$0"; exec "$@"'

/** For a test's `skip`: false where an S3 server can be started, else why not. */
export const S3_LACKS: string | false =
  LIBRARIES === undefined || !existsSync(join(ROOT, 'bin/radosgw'))
    ? `radosgw is not at ${ROOT}/bin (tools/interop/install-peers.sh)`
    : false

/** An S3 server for a test, on loopback: Ceph's, so it is strict about signatures. Its data is gone with it. */
export class S3Server implements AsyncDisposable {
  readonly accessKeyId = 'CARTEROTEST'
  readonly secretAccessKey = 'cartero-test-secret'
  readonly region = 'us-east-1'
  readonly #folder: string
  readonly #port: number
  readonly #front: S3Front
  #running: PeerProcess | undefined

  private constructor(folder: string, port: number, front: S3Front) {
    this.#folder = folder
    this.#port = port
    this.#front = front
  }

  /** In about two seconds. `await using server = await S3Server.start()` */
  static async start(): Promise<S3Server> {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-s3-'))
    const [port = 0] = await freePorts(1)
    const server = new S3Server(folder, port, await S3Front.before(port))
    try {
      writeFileSync(server.#file, configurationOf(folder, port))
      await server.resume()
      server.#makeUser()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  /** `http://127.0.0.1:port` */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#front.port}`
  }

  /** What `openS3Objects` wants to know, but for the bucket. */
  get place(): Pick<S3Server, 'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey'> {
    const { endpoint, region, accessKeyId, secretAccessKey } = this
    return { endpoint, region, accessKeyId, secretAccessKey }
  }

  /** The end of its log, for the message of a test that failed. */
  log(): string {
    return this.#running?.said ?? ''
  }

  /** Starts it again after `kill`. */
  async resume(): Promise<void> {
    const [program, args] = radosgw('radosgw', ['-f', ...this.#common])
    this.#running = new PeerProcess('sh', ['-c', NOTED, join(this.#folder, 'pid'), program, ...args])
    for (let patience = 0; patience < 300; patience++) {
      if (await this.#answers()) return
      await sleep(50)
    }
    throw new Error(`the S3 server did not start:\n${this.#running.said}`)
  }

  /** As by `kill -9`; its data stays for `resume`. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await this.#running?.[Symbol.asyncDispose]()
    this.#running = undefined
  }

  /** It holds its connections and says nothing, until `goOn`. */
  stop(): void {
    this.#signal('SIGSTOP')
  }

  goOn(): void {
    this.#signal('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await this.#front[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #file(): string {
    return join(this.#folder, 'ceph.conf')
  }

  get #common(): readonly string[] {
    return ['-n', 'client.rgw', '-c', this.#file, '--no-mon-config']
  }

  #makeUser(): void {
    const key = [`--access-key=${this.accessKeyId}`, `--secret-key=${this.secretAccessKey}`]
    this.#administer(['user', 'create', '--uid=cartero', '--display-name=Cartero', ...key])
  }

  #administer(args: readonly string[]): void {
    const [program, all] = radosgw('radosgw-admin', [...this.#common, ...args])
    const { status, stderr } = spawnSync(program, all, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`radosgw-admin ${args[0]} ${args[1]} failed:\n${stderr}`)
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`http://127.0.0.1:${this.#port}`)).ok
    } catch {
      return false
    }
  }

  /** To the server itself; what runs it waits for it. */
  #signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#running === undefined) return
    const pid = Number(readFileSync(join(this.#folder, 'pid'), 'utf8'))
    if (pid > 1) process.kill(pid, signal)
  }
}

function configurationOf(folder: string, port: number): string {
  return `${[
    '[global]',
    'mon_host = 127.0.0.1',
    '[client]',
    'rgw_backend_store = dbstore',
    'rgw_config_store = dbstore',
    `dbstore_db_dir = ${folder}`,
    `dbstore_config_uri = file:${folder}/config.db`,
    `rgw_frontends = beast endpoint=127.0.0.1:${port}`,
    'rgw_enable_gc_threads = false',
    'rgw_enable_ops_log = false',
    `rgw_data = ${folder}`,
    `run_dir = ${folder}`,
    `log_file = ${folder}/log`,
    'admin_socket =',
  ].join('\n')}\n`
}

function radosgw(program: string, args: readonly string[]): [string, string[]] {
  const folder = LIBRARIES ?? ''
  const path = [folder, join(folder, 'ceph')].join(':')
  return [loaderIn(folder), ['--library-path', path, join(ROOT, 'bin', program), ...args]]
}

function libraries(): string | undefined {
  try {
    const folders = readdirSync(join(ROOT, 'lib')).filter((name) => name.endsWith('-linux-gnu'))
    return folders.map((name) => join(ROOT, 'lib', name)).find((folder) => loaderIn(folder) !== '')
  } catch {
    return undefined
  }
}

/** What starts a program with other libraries than the system's. */
function loaderIn(folder: string): string {
  const name = readdirSync(folder).find((file) => /^ld-linux-.*\.so\.\d+$/.test(file))
  return name === undefined ? '' : join(folder, name)
}
