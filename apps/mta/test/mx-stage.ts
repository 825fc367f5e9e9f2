import assert from 'node:assert/strict'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { openMemoryDirectory } from '@cartero/directory/memory'
import {
  createMtaAgent,
  type MtaDependencies,
  type MtaSettings,
  type MxListener,
} from '@cartero/mta-agent/agent'
import type { Envelope } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { CERTIFICATE, freePortBase, KEY, LineClient } from '@cartero/testkit'
import { ManualClock, NetworkSet, parseNetwork } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'

/** Networks in their notation. */
export function networks(...texts: readonly string[]): NetworkSet {
  return new NetworkSet(texts.map((text) => parseNetwork(text) ?? assert.fail(text)))
}

/** An accepted message as the spool has it. */
export interface Kept {
  readonly envelope: Envelope
  readonly prefix: string
  readonly octets: string
}

interface StageOptions extends Partial<Omit<MtaDependencies, 'settings'>> {
  readonly settings?: Partial<MtaSettings>
  readonly door?: Partial<MxListener>
}

/** The MX port over a real socket with everything behind it in memory, under a policy. The clock stands still. */
export class MxStage implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly lines: string[] = []
  readonly #agent: ReturnType<typeof createMtaAgent>
  readonly #spool: MemorySpool
  readonly #content: MemoryContentLog
  readonly #port: number

  private constructor(port: number, { settings, door, ...more }: StageOptions) {
    this.#port = port
    this.#content = new MemoryContentLog()
    this.#spool = new MemorySpool({ content: this.#content, clock: this.clock })
    this.#agent = createMtaAgent({
      settings: { hostname: 'mx.cartero.test', listen: [{ host: '127.0.0.1', port, ...door }], ...settings },
      // Nothing is routed, so that a test finds what was accepted.
      spool: Object.assign(Object.create(this.#spool) as MemorySpool, {
        begin: (envelope: Envelope) => this.#spool.begin(envelope),
        arrivals: async function* () {},
      }),
      directory: more.directory ?? openMemoryDirectory(),
      tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
      logger: createLoggerTo((line) => this.lines.push(line)),
      metrics: new MetricRegistry(),
      clock: this.clock,
      ...more,
    })
  }

  static async open(
    policy: MtaSettings['policy'] = {},
    { settings = {}, ...more }: StageOptions = {},
  ): Promise<MxStage> {
    const directory = openMemoryDirectory()
    await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    await directory.AddDomain({ domain: { name: 'second.test', catchAll: '', postmaster: '' } })
    for (const address of ['alice@cartero.test', 'bob@cartero.test', 'bob@second.test']) {
      const account = { address, disabled: false, quota: 0n }
      await directory.AddAccount({ account, password: 'secret words' })
    }
    const targets = ['alice@cartero.test', 'bob@cartero.test']
    await directory.SetAlias({ alias: { address: 'both@cartero.test', targets } })
    const port = (await freePortBase()) + 25
    const stage = new MxStage(port, { directory, ...more, settings: { ...settings, policy } })
    await stage.#agent.start!(AbortSignal.timeout(10_000))
    return stage
  }

  /** Connected, and nothing read yet. */
  connect(): Promise<LineClient> {
    return LineClient.connect(this.#port)
  }

  /** Connected and introduced; as somebody else if `proxied` says so. */
  async client(proxied?: string): Promise<LineClient> {
    const client = await this.connect()
    await client.reply()
    if (proxied !== undefined) assert.match(await client.smtp(`XCLIENT ${proxied}`), /^220 /)
    await client.smtp('EHLO client.test')
    return client
  }

  /** The one message that was accepted since the last time. */
  async kept(): Promise<Kept> {
    const [message] = (
      await this.#spool.arrivals(1, AbortSignal.timeout(5_000))[Symbol.asyncIterator]().next()
    ).value as { envelope: Envelope; prefix: Buffer; content: never; queueId: never }[]
    await this.#spool.route([{ queueId: message!.queueId, deliveries: [] }])
    const octets = (await this.#content.read(message!.content)).toString('latin1')
    return { envelope: message!.envelope, prefix: message!.prefix.toString(), octets }
  }

  get waiting(): number {
    return this.#spool.waiting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.drain!(AbortSignal.abort())
    await this.#agent.stop!()
    await this.#spool.close()
  }
}

/** From MAIL to the reply at the end of data. */
export function send(
  client: LineClient,
  letter: string,
  mail = 'MAIL FROM:<s@elsewhere.test>',
): Promise<string> {
  return client.letter(letter, mail)
}

/** The log line of that event that was told last. */
export function told(lines: readonly string[], event: string): Record<string, unknown> {
  return JSON.parse(lines.findLast((line) => line.includes(`"${event}"`)) ?? '{}') as Record<string, unknown>
}
