import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  /** Lines for the configuration of each node, instead of `sync_interval: always`. */
  readonly jetStream?: string
}

/** A broker for a test, with JetStream, on loopback; its data is gone with it. */
export class NatsServers implements AsyncDisposable {
  readonly #folder: string
  readonly #nodes: readonly Node[]

  private constructor(folder: string, nodes: readonly Node[]) {
    this.#folder = folder
    this.#nodes = nodes
  }

  /** `await using broker = await NatsServers.start({ nodes: 3 })` */
  static async start({ nodes = 1, jetStream }: NatsServerOptions = {}): Promise<NatsServers> {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-nats-'))
    const ports = await freePorts(nodes * 2)
    const routes = ports.slice(nodes).map((port) => `nats://127.0.0.1:${port}`)
    const made = Array.from({ length: nodes }, (_, n) => {
      const configuration = configurationOf({
        name: `n${n + 1}`,
        port: ports[n]!,
        store: join(folder, `n${n + 1}`),
        cluster: nodes > 1 ? { port: ports[nodes + n]!, routes } : undefined,
        jetStream: jetStream ?? 'sync_interval: always',
      })
      const file = join(folder, `n${n + 1}.conf`)
      writeFileSync(file, configuration)
      return new Node(ports[n]!, file)
    })
    const servers = new NatsServers(folder, made)
    await Promise.all(made.map((node) => node.start()))
    return servers
  }

  /** `127.0.0.1:port` of each node. */
  get servers(): readonly string[] {
    return this.#nodes.map(({ port }) => `127.0.0.1:${port}`)
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end()))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

class Node {
  readonly port: number
  readonly #file: string
  #running: PeerProcess | undefined

  constructor(port: number, file: string) {
    this.port = port
    this.#file = file
  }

  log(): string {
    return this.#running?.said ?? ''
  }

  async start(): Promise<void> {
    this.#running = new PeerProcess(PROGRAM, ['-c', this.#file])
    for (let patience = 0; patience < 200; patience++) {
      if (this.#running.output.includes('Server is ready')) return
      await sleep(50)
    }
    throw new Error(`nats-server did not start:\n${this.#running.said}`)
  }

  async end(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]()
    this.#running = undefined
  }
}

interface NodeConfiguration {
  readonly name: string
  readonly port: number
  readonly store: string
  readonly cluster: { readonly port: number; readonly routes: readonly string[] } | undefined
  readonly jetStream: string
}

function configurationOf({ name, port, store, cluster, jetStream }: NodeConfiguration): string {
  const lines = [
    `server_name: ${name}`,
    `listen: 127.0.0.1:${port}`,
    `jetstream { store_dir: "${store}", max_mem: 64MB, max_file: 4GB, ${jetStream} }`,
  ]
  if (cluster !== undefined)
    lines.push(
      `cluster { name: test, listen: 127.0.0.1:${cluster.port}, routes: [${cluster.routes.join(', ')}] }`,
    )
  return `${lines.join('\n')}\n`
}
