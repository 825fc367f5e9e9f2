import { X509Certificate } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePorts } from './free-ports.ts'
import { PeerProcess } from './peer-process.ts'

const PROGRAM = '/opt/cartero-peers/nats-server/usr/sbin/nats-server'

/** For a test's `skip`: false where a broker can be started, else why not. */
export const NATS_LACKS: string | false = existsSync(PROGRAM)
  ? false
  : `nats-server is not at ${PROGRAM} (tools/interop/install-peers.sh)`

export interface NatsServerOptions {
  /** Nodes of the cluster; one when absent. */
  readonly nodes?: number
  /** Lines for JetStream in the configuration of each node, instead of `sync_interval: always`. */
  readonly jetStream?: string
  /** Mutual TLS, with a certificate for `localhost`; all in PEM. */
  readonly tls?: { readonly authority: string; readonly certificate: string; readonly key: string }
  /**
   * `authorization { … }` by the names in certificates (`verify_and_map`), of the broker's configuration. Then only those named as its own
   * certificate belong to the cluster. Needs `tls`.
   */
  readonly permissions?: string
  /** Where the data is, which the caller removes; else in a folder of its own that goes with it. */
  readonly folder?: string
}

/** A broker for a test, with JetStream, on loopback; its data is gone with it. */
export class NatsServers implements AsyncDisposable {
  readonly #folder: string
  readonly #isOwnFolder: boolean
  readonly #host: string
  readonly #nodes: readonly Node[]

  private constructor(options: NatsServerOptions, folder: string, nodes: readonly Node[]) {
    this.#folder = folder
    this.#isOwnFolder = options.folder === undefined
    this.#host = options.tls === undefined ? '127.0.0.1' : 'localhost'
    this.#nodes = nodes
  }

  /** Ready for streams when fulfilled. `await using broker = await NatsServers.start({ nodes: 3 })` */
  static async start(options: NatsServerOptions = {}): Promise<NatsServers> {
    const { nodes = 1, jetStream = 'sync_interval: always', tls, permissions } = options
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'cartero-nats-'))
    const ports = await freePorts(nodes * 3)
    const routes = ports.slice(nodes, nodes * 2).map((port) => `nats://127.0.0.1:${port}`)
    if (permissions !== undefined) writeFileSync(join(folder, 'permissions.conf'), permissions)
    if (tls) for (const [name, pem] of Object.entries(tls)) writeFileSync(join(folder, `${name}.pem`), pem)
    const made = Array.from({ length: nodes }, (_, n) => {
      const [port, monitor] = [ports[n]!, ports[nodes * 2 + n]!]
      const name = `n${n + 1}`
      const cluster = nodes > 1 ? { port: ports[nodes + n]!, routes } : undefined
      const hasTls = tls !== undefined
      const owner = permissions === undefined ? undefined : nameIn(tls!.certificate)
      const place = { name, folder, port, monitor, route: cluster?.port }
      writeFileSync(
        join(folder, `${name}.conf`),
        configurationOf({ ...place, cluster, jetStream, hasTls, owner }),
      )
      return new Node(place)
    })
    const servers = new NatsServers(options, folder, made)
    await Promise.all(made.map((node) => node.start()))
    await servers.ready()
    return servers
  }

  /** `host:port` of each node. */
  get servers(): readonly string[] {
    return this.#nodes.map(({ place }) => `${this.#host}:${place.port}`)
  }

  /** `host:port` where each node hears the others. */
  get routes(): readonly string[] {
    return this.#nodes.flatMap(({ place }) =>
      place.route === undefined ? [] : `${this.#host}:${place.route}`,
    )
  }

  /** `host:port` where each node is monitored. */
  get monitors(): readonly string[] {
    return this.#nodes.map(({ place }) => `127.0.0.1:${place.monitor}`)
  }

  /** The end of a node's log, for the message of a test that failed. */
  log(node = 0): string {
    return this.#nodes[node]?.log() ?? ''
  }

  /** Starts a node again after `kill` or `halt`. */
  async resume(node = 0): Promise<void> {
    await this.#nodes[node]!.start()
  }

  /** Ends a node in order. */
  async halt(node = 0): Promise<void> {
    await this.#nodes[node]!.end()
  }

  /** Ends a node as `kill -9` does. */
  async kill(node = 0): Promise<void> {
    this.#nodes[node]!.signal('SIGKILL')
    await this.#nodes[node]!.end()
  }

  /** A node hears and says nothing until `continue`, as behind a network that is cut. */
  pause(node = 0): void {
    this.#nodes[node]!.signal('SIGSTOP')
  }

  continue(node = 0): void {
    this.#nodes[node]!.signal('SIGCONT')
  }

  /** Which node leads a stream: the one that acknowledges what is given to it. */
  async leaderOf(stream: string): Promise<number> {
    for (let patience = 0; patience < PATIENCE; patience++) {
      for (const node of this.#nodes) {
        const leader = leaderIn((await node.ask('/jsz?accounts=1&streams=1')) ?? {}, stream)
        const found = this.#nodes.findIndex(({ place }) => place.name === leader)
        if (found !== -1) return found
      }
      await sleep(PAUSE_MS)
    }
    throw new Error(`nobody leads ${stream}:\n${this.log()}`)
  }

  /** Fulfilled when every node that runs is well, and has a leader. */
  async ready(): Promise<void> {
    for (let patience = 0; patience < PATIENCE; patience++) {
      const running = this.#nodes.filter((node) => node.isRunning)
      const states = await Promise.all(running.map((node) => this.#isReady(node)))
      if (states.every(Boolean)) return
      await sleep(PAUSE_MS)
    }
    throw new Error(`the broker did not get ready:\n${this.log()}`)
  }

  async #isReady(node: Node): Promise<boolean> {
    const health = await node.ask('/healthz')
    if (health?.['status'] !== 'ok' || this.#nodes.length === 1) return health?.['status'] === 'ok'
    const facts = (await node.ask('/jsz')) as JetStreamFacts | undefined
    return Boolean(facts?.meta_cluster?.leader)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end()))
    if (this.#isOwnFolder) rmSync(this.#folder, { recursive: true, force: true })
  }
}

const PATIENCE = 600
const PAUSE_MS = 50

interface JetStreamFacts {
  readonly meta_cluster?: { readonly leader?: string }
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string
      readonly cluster?: { readonly leader?: string }
    }[]
  }[]
}

function leaderIn(facts: JetStreamFacts, stream: string): string | undefined {
  const details = facts.account_details?.flatMap(({ stream_detail: streams = [] }) => streams)
  return details?.find(({ name }) => name === stream)?.cluster?.leader
}

interface Place {
  readonly name: string
  readonly folder: string
  readonly port: number
  readonly monitor: number
  /** Undefined for one that is alone. */
  readonly route: number | undefined
}

class Node {
  readonly place: Place
  #running: PeerProcess | undefined

  constructor(place: Place) {
    this.place = place
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  log(): string {
    return this.#running?.said ?? ''
  }

  async start(): Promise<void> {
    const { folder, name } = this.place
    this.#running = new PeerProcess(PROGRAM, ['-c', join(folder, `${name}.conf`)])
    for (let patience = 0; patience < PATIENCE; patience++) {
      if (this.#running.output.includes('Server is ready')) return
      await sleep(PAUSE_MS)
    }
    throw new Error(`nats-server did not start:\n${this.#running.said}`)
  }

  /** What the monitoring port says; undefined when nobody answers. */
  async ask(path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const signal = AbortSignal.timeout(1_000)
      const response = await fetch(`http://127.0.0.1:${this.place.monitor}${path}`, { signal })
      return (await response.json()) as Readonly<Record<string, unknown>>
    } catch {
      return undefined
    }
  }

  signal(signal: NodeJS.Signals): void {
    const { folder, name } = this.place
    if (this.isRunning) process.kill(Number(readFileSync(join(folder, `${name}.pid`), 'utf8')), signal)
  }

  async end(): Promise<void> {
    try {
      // One that is paused hears nothing else.
      this.signal('SIGCONT')
    } catch {
      // It was killed.
    }
    await this.#running?.[Symbol.asyncDispose]()
    this.#running = undefined
  }
}

interface NodeConfiguration extends Place {
  readonly cluster: { readonly port: number; readonly routes: readonly string[] } | undefined
  readonly jetStream: string
  readonly hasTls: boolean
  /** Whom its own certificate names, where names say who may do what. */
  readonly owner: string | undefined
}

function nameIn(certificate: string): string {
  return new X509Certificate(certificate).subject
}

function configurationOf(node: NodeConfiguration): string {
  const { name, folder, port, monitor, cluster, jetStream, hasTls, owner } = node
  const lines = [
    `server_name: ${name}`,
    `listen: 127.0.0.1:${port}`,
    `http: 127.0.0.1:${monitor}`,
    `pid_file: "${join(folder, `${name}.pid`)}"`,
    `jetstream { store_dir: "${join(folder, name)}", max_mem: 64MB, max_file: 64GB, ${jetStream} }`,
  ]
  const pem = (file: string): string => `"${join(folder, `${file}.pem`)}"`
  const verify = owner === undefined ? 'verify' : 'verify_and_map'
  const tls = `tls { ca_file: ${pem('authority')}, cert_file: ${pem('certificate')}, key_file: ${pem('key')}, ${verify}: true }`
  if (hasTls) lines.push(tls)
  if (owner !== undefined) lines.push('include permissions.conf')
  const own = owner === undefined ? '' : `, authorization { user: "${owner}" }, ${tls}`
  if (cluster !== undefined)
    lines.push(
      `cluster { name: test, listen: 127.0.0.1:${cluster.port}, routes: [${cluster.routes.join(', ')}]${own} }`,
    )
  return `${lines.join('\n')}\n`
}
