import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { MAIN, type Credentials } from './cartero-process.ts'
import { command } from './command.ts'
import { freePorts } from './free-ports.ts'
import { NATS_LACKS, NatsServers } from './nats-server.ts'
import { PostgresDoor } from './postgres-door.ts'
import { POSTGRES_LACKS, PostgresServer } from './postgres-server.ts'

/** All there are, as `cartero run` calls them. */
export const AGENTS = ['directory', 'mx', 'msa', 'mta', 'mda', 'imap', 'odmr', 'console'] as const
export type AgentName = (typeof AGENTS)[number]

/** What a command came to. */
export interface Answer {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** For a test's `skip`: false where all that the agents need can be started, else why not. */
export const APART_LACKS: string | false = POSTGRES_LACKS || NATS_LACKS

/** Milliseconds until an agent must serve; eight of them start at once on a loaded machine. */
const PATIENCE = 60_000

/** What the broker allows agents, as it is deployed. */
export const PERMISSIONS: string = readFileSync(
  new URL('../../../deploy/nats/permissions.conf', import.meta.url),
  'utf8',
)

/** One agent as its users start it. */
export class AgentProcess {
  readonly agent: AgentName
  readonly child: ChildProcess
  #output = ''

  constructor(agent: AgentName, config: string, env: Readonly<Record<string, string>>) {
    this.agent = agent
    this.child = spawn(process.execPath, [MAIN, 'run', agent, '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    // A test that fails before it stops the process must not leave it behind.
    const orphaned = (): void => void this.child.kill('SIGKILL')
    process.once('exit', orphaned)
    this.child.once('exit', () => process.off('exit', orphaned))
    this.child.stdout!.on('data', (octets: Buffer) => (this.#output += octets.toString()))
    this.child.stderr!.on('data', (octets: Buffer) => (this.#output += octets.toString()))
  }

  /** All it printed so far. */
  get output(): string {
    return this.#output
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Fulfilled when it has told this event; rejects with all it printed when it ends before. */
  async told(event: string): Promise<void> {
    const signal = AbortSignal.timeout(PATIENCE)
    while (!this.#output.includes(`"event":"${event}"`)) {
      if (!this.isRunning) throw new Error(`cartero run ${this.agent} has ended:\n${this.#output}`)
      await Promise.race([
        once(this.child.stdout!, 'data', { signal }),
        once(this.child, 'exit', { signal }),
      ]).catch(() => {
        throw new Error(`cartero run ${this.agent} did not tell ${event}:\n${this.#output}`)
      })
    }
  }

  /** It does nothing and is not gone, until `continue`: as behind a network that is cut. */
  pause(): void {
    this.child.kill('SIGSTOP')
  }

  continue(): void {
    this.child.kill('SIGCONT')
  }

  /** Fulfilled with its exit code. */
  async end(how: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.isRunning) {
      const ended = once(this.child, 'exit')
      this.child.kill(how)
      // One that is paused hears nothing else.
      this.continue()
      await ended
    }
    return this.child.exitCode
  }
}

interface Place {
  readonly http: number
  readonly rpc: number
}

export interface StageOptions {
  /** More of the configuration. */
  readonly lines?: string
  /** Nodes of the broker; one when absent. Each message and object is on so many. */
  readonly nodes?: number
}

export interface RunOptions {
  /** One of several of this kind, and what is asked of it by others: then it has ports and a folder of its own. */
  readonly as?: string
  /** Keys of the configuration that are others for it: `CARTERO_…`. */
  readonly env?: Readonly<Record<string, string>>
}

/** All agents, each a process of its own, over a real broker and a real database, on loopback and under mutual TLS. */
export class ApartStage implements AsyncDisposable {
  readonly folder: string
  /** The one configuration of all. */
  readonly config: string
  readonly postgres: PostgresServer
  /** Between all agents and the database. */
  readonly door: PostgresDoor
  readonly nats: NatsServers
  readonly #doors: ReadonlyMap<number, number>
  readonly #places: Map<string, Place>
  readonly #running = new Map<string, AgentProcess>()

  private constructor(parts: {
    readonly folder: string
    readonly config: string
    readonly postgres: PostgresServer
    readonly door: PostgresDoor
    readonly nats: NatsServers
    readonly doors: ReadonlyMap<number, number>
    readonly places: Map<string, Place>
  }) {
    this.folder = parts.folder
    this.config = parts.config
    this.postgres = parts.postgres
    this.door = parts.door
    this.nats = parts.nats
    this.#doors = parts.doors
    this.#places = parts.places
  }

  /** Servers run, certificates are made, and no agent runs yet. */
  static async prepare({ lines = '', nodes = 1 }: StageOptions = {}): Promise<ApartStage> {
    const folder = mkdtempSync(join(tmpdir(), 'cartero-apart-'))
    const identities = join(folder, 'identity')
    const made = await cartero(['identity', identities, 'nats'])
    if (made.code !== 0) throw new Error(made.err)
    const of = (name: string): string => readFileSync(join(identities, name), 'utf8')
    const tls = { authority: of('authority.pem'), certificate: of('nats.pem'), key: of('nats.key') }
    const [postgres, nats] = await Promise.all([
      PostgresServer.start(),
      NatsServers.start({ tls, nodes, permissions: PERMISSIONS }),
    ])
    const door = await PostgresDoor.before(postgres)
    const ports = await freePorts(WELL_KNOWN.length + AGENTS.length * 2)
    const doors = new Map(WELL_KNOWN.map((known) => [known, ports.shift()!] as const))
    const places = new Map<string, Place>(
      AGENTS.map((agent) => [agent, { http: ports.shift()!, rpc: ports.shift()! }] as const),
    )
    const config = join(folder, 'cartero.yaml')
    writeFileSync(
      config,
      `${configuration({ folder, identities, door, nats, nodes, doors, places })}${lines}`,
    )
    return new ApartStage({ folder, config, postgres, door, nats, doors, places })
  }

  /** Everything that a system needs, and an agent of each kind serves. */
  static async start(options: StageOptions = {}): Promise<ApartStage> {
    const stage = await ApartStage.prepare(options)
    try {
      // The agents come first: whatever they need may come later.
      for (const agent of AGENTS) stage.run(agent)
      const { code, out, err } = await stage.cartero(['migrate'])
      if (code !== 0) throw new Error(`cartero migrate: ${out}${err}`)
      await Promise.all(AGENTS.map((agent) => stage.agent(agent).told('agent.serves')))
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Starts an agent. */
  run(agent: AgentName, { as = agent, env = {} }: RunOptions = {}): AgentProcess {
    const { http, rpc } = this.#places.get(as)!
    const started = new AgentProcess(agent, this.config, {
      CARTERO_LISTEN__HTTP: `127.0.0.1:${http}`,
      CARTERO_SERVICES__LISTEN: `localhost:${rpc}`,
      ...(as !== agent && { CARTERO_DATA: join(this.folder, as) }),
      ...env,
    })
    this.#running.set(as, started)
    return started
  }

  /** `run` for another one of a kind; fulfilled with where it is asked by others. */
  async place(as: string): Promise<string> {
    const [http, rpc] = await freePorts(2)
    this.#places.set(as, { http: http!, rpc: rpc! })
    return `localhost:${rpc}`
  }

  agent(agent: string): AgentProcess {
    return this.#running.get(agent)!
  }

  /** Port of a door by its well-known number. */
  port(wellKnown: number): number {
    return this.#doors.get(wellKnown)!
  }

  account(localPart: string): Credentials {
    throw new Error(`nobody has told the password of ${localPart}`)
  }

  /** A command as at the console. */
  cartero(words: readonly string[], options: { readonly input?: string } = {}): Promise<Answer> {
    return cartero([...words, '--config', this.config], options)
  }

  /** What an agent answers those who look after it. */
  async probe(agent: string, path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#places.get(agent)!.http}${path}`)
    return { status: response.status, text: await response.text() }
  }

  /** All that all of them printed. */
  get output(): string {
    return [...this.#running].map(([agent, { output }]) => `== ${agent}\n${output}`).join('\n')
  }

  /** Ends all agents in order; their exit codes. */
  async stop(): Promise<Readonly<Record<string, number | null>>> {
    const ended = [...this.#running].map(async ([name, agent]) => [name, await agent.end()] as const)
    return Object.fromEntries(await Promise.all(ended))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.door[Symbol.asyncDispose]()
    await Promise.all([this.postgres[Symbol.asyncDispose](), this.nats[Symbol.asyncDispose]()])
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Doors by the port that is known for them. */
const WELL_KNOWN = [25, 587, 465, 143, 993, 366] as const
const DOORS: readonly (readonly [door: string, port: number])[] = [
  ['mx', 25],
  ['submission', 587],
  ['submissions', 465],
  ['imap', 143],
  ['imaps', 993],
  ['odmr', 366],
]

interface Configured {
  readonly folder: string
  readonly identities: string
  readonly door: PostgresDoor
  readonly nats: NatsServers
  readonly nodes: number
  readonly doors: ReadonlyMap<number, number>
  readonly places: ReadonlyMap<string, Place>
}

function configuration({ folder, identities, door, nats, nodes, doors, places }: Configured): string {
  const listen = DOORS.map(([door, port]) => `  ${door}: ['127.0.0.1:${doors.get(port)}']`)
  const agents = [...places].filter(([agent]) => agent !== 'console')
  const peers = agents.map(([agent, { rpc }]) => `  ${agent}: 'localhost:${rpc}'`)
  return `hostname: mail.cartero.test
data: ${join(folder, 'data')}
drain: 10s
log: { format: json }
listen:
${listen.join('\n')}
services:
  nats: { servers: [${nats.servers.join(', ')}], monitor: [${nats.monitors.join(', ')}], replicas: ${nodes} }
  postgres: { url: '${door.url}' }
  content: { kind: nats }
  identity:
    certificate: '${join(identities, '{agent}.pem')}'
    key: '${join(identities, '{agent}.key')}'
    authorities: '${join(identities, 'authority.pem')}'
${peers.join('\n')}
`
}

/** As at a terminal; rejects with nothing: what it came to is the answer. */
async function cartero(words: readonly string[], options: { readonly input?: string } = {}): Promise<Answer> {
  const result = await command(process.execPath, [MAIN, ...words], {
    cwd: tmpdir(),
    limitMs: 30_000,
    ...options,
  })
  return { code: result.code, out: result.stdout.toString(), err: result.stderr }
}
