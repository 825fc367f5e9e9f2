import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, PeerProcess, type Credentials, type TestIdentity } from '@cartero/testkit'
import type { Mailboxes } from './inbox.ts'
import { by, letter, send, type SendOptions, type Sent } from './our-client.ts'
import { until } from './peer.ts'
import type { World } from './world.ts'

const MAIN = fileURLToPath(new URL('../../apps/cartero/src/main.ts', import.meta.url))

export interface SystemOptions {
  readonly address: string
  /** Its only domain, below which its own name is. */
  readonly domain: string
  readonly identity: TestIdentity
  readonly accounts: readonly string[]
  /** What else stands in its configuration, section by section; `relay` is added to. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** What `cartero trace -o json` has of one event. */
export interface TracedEvent {
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** `cartero serve` as for real use: a process with a configuration, data and an address of its own, at the usual ports. */
export class System implements Mailboxes, AsyncDisposable {
  readonly host: string
  readonly domain: string
  readonly data: string
  readonly #config: string
  readonly #accounts = new Map<string, Credentials>()
  readonly #process: PeerProcess

  private constructor(world: World, options: SystemOptions) {
    const { address, domain, identity, accounts } = options
    const folder = join(world.folder, domain)
    this.host = address
    this.domain = domain
    this.data = join(folder, 'data')
    this.#config = join(folder, 'cartero.yaml')
    mkdirSync(folder)
    writeFileSync(join(folder, 'certificate.pem'), identity.certificate)
    writeFileSync(join(folder, 'key.pem'), identity.key)
    // What is JSON is YAML.
    writeFileSync(this.#config, JSON.stringify(configuration(world, options, folder)))
    for (const name of accounts)
      this.#accounts.set(name, { address: `${name}@${domain}`, password: randomBytes(12).toString('hex') })
    this.#process = this.#start()
  }

  /** Fulfilled when it is ready and has its accounts. */
  static async start(world: World, options: SystemOptions): Promise<System> {
    const system = new System(world, options)
    try {
      await system.ready()
      await system.run('domain', 'add', options.domain)
      for (const { address, password } of system.#accounts.values())
        await system.#told(['account', 'add', address, '--password-stdin'], `${password}\n`)
      return system
    } catch (error) {
      await system[Symbol.asyncDispose]()
      throw error
    }
  }

  get output(): string {
    return this.#process.output
  }

  port(wellKnown: number): number {
    return wellKnown
  }

  account(localPart: string): Credentials {
    const account = this.#accounts.get(localPart)
    if (account === undefined) throw new Error(`${this.domain} has no ${localPart}`)
    return account
  }

  async ready(): Promise<void> {
    const isReady = async (): Promise<true | undefined> =>
      (await fetch(`http://${this.host}:8080/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ))
        ? true
        : undefined
    await until(`${this.domain} is ready`, isReady, () => this.output)
  }

  /** What `cartero` answers in words; rejects with what it complains of. */
  run(...words: readonly string[]): Promise<string> {
    return this.#told(words, '')
  }

  /** A user of ours hands over a letter, as a mail client does. */
  submit(from: string, ...letters: readonly Parameters<typeof letter>[0][]): Promise<Sent> {
    const { address, password } = this.account(from)
    const authenticate = by('PLAIN', { user: address, password })
    return this.#hand(
      letters.map((each) => letter({ from: address, ...each })),
      { port: 465, implicitTls: true, authenticate },
    )
  }

  #hand(
    letters: readonly ReturnType<typeof letter>[],
    { port, ...options }: SendOptions & { readonly port: number },
  ): Promise<Sent> {
    return send(port, letters, { host: this.host, ...options })
  }

  /** What it tells of a message, once there is an event of that name of it, about somebody if that is said. */
  async traced(queueId: string, event: string, about = ''): Promise<TracedEvent> {
    await until(
      `${event} of ${queueId}`,
      async () =>
        this.#lines(queueId).find((line) => line.includes(`"${event}"`) && line.includes(`"${about}`)),
      () => `${this.#lines(queueId).join('\n')}\n${this.output.slice(-2_000)}`,
      10_000,
    )
    const found = JSON.parse(await this.run('trace', '-o', 'json', queueId)) as {
      readonly messages: readonly { readonly qid: string; readonly events: readonly TracedEvent[] }[]
    }
    const events = found.messages.find(({ qid }) => qid === queueId)?.events ?? []
    return events.findLast((one) => one.event === event) ?? { event: 'none', fields: {} }
  }

  #lines(queueId: string): readonly string[] {
    return this.output.split('\n').filter((line) => line.includes(queueId))
  }

  #start(): PeerProcess {
    return new PeerProcess(process.execPath, [MAIN, 'serve', '--config', this.#config])
  }

  async #told(words: readonly string[], input: string): Promise<string> {
    const { code, stdout, stderr } = await command(process.execPath, [MAIN, ...words, '--data', this.data], {
      input,
    })
    if (code !== 0)
      throw new Error(`cartero ${words.join(' ')} ended with ${code}: ${stderr}\n${this.output}`)
    return stdout.toString()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

/** By which a letter that was taken is known there. */
export function queueIdOf({ outcomes }: Sent, at = 0): string {
  const { kind, reply } = outcomes[at]![0]!
  const found = /\b([0-9A-Z]{16})\b/.exec(reply.lines.join(' '))
  if (kind !== 'delivered' || found === null) throw new Error(`it was not taken: ${JSON.stringify(reply)}`)
  return found[1]!
}

function configuration(
  world: World,
  { address, domain, config = {} }: SystemOptions,
  folder: string,
): unknown {
  const { relay, ...more } = config
  return {
    hostname: `mx.${domain}`,
    data: join(folder, 'data'),
    drain: '1s',
    listen: {
      mx: [`${address}:25`],
      submission: [],
      submissions: [`${address}:465`],
      imap: [],
      imaps: [`${address}:993`],
      http: [`${address}:8080`],
    },
    tls: { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') },
    dns: { servers: [world.nameServer] },
    log: { format: 'json' },
    relay: {
      loopback: true,
      sourceAddresses: [address],
      retry: { waits: ['1s'], jitter: 0 },
      tls: { authorities: world.authorities },
      ...(relay as object),
    },
    ...more,
  }
}
