import assert from 'node:assert/strict'
import { MetricRegistry } from '@cartero/agent/telemetry'
import { openMemoryDirectory } from '@cartero/directory/memory'
import {
  createMtaAgent,
  SpoolStarter,
  type MtaDependencies,
  type MtaSettings,
  type MxListener,
} from '@cartero/mta-agent/agent'
import { RouteTable } from '@cartero/routing'
import { CERTIFICATE, freePortBase, KEY, LineClient } from '@cartero/testkit'
import { EdgeGround, type Kept } from '@cartero/testkit/edge'
import type { ManualClock } from '@cartero/wire'
import { Listener, TlsServer } from '@cartero/wire/node'

interface StageOptions extends Partial<Omit<MtaDependencies, 'settings'>> {
  readonly settings?: Partial<MtaSettings>
  readonly door?: Partial<MxListener>
}

/** The MX port over a real socket with everything behind it in memory, under a policy. The clock stands still. */
export class MxStage implements AsyncDisposable {
  readonly ground = new EdgeGround()
  readonly #agent: ReturnType<typeof createMtaAgent>
  readonly port: number
  readonly #turned: Listener[] = []

  private constructor(port: number, { settings, door, ...more }: StageOptions) {
    this.port = port
    const { spool } = this.ground
    const directory = more.directory ?? openMemoryDirectory()
    const { routes = new RouteTable() } = more
    this.#agent = createMtaAgent({
      settings: { hostname: 'mx.cartero.test', listen: [{ host: '127.0.0.1', port, ...door }], ...settings },
      // Nothing is routed, so that a test finds what was accepted.
      spool: new Proxy(spool, {
        get: (target, name) => {
          if (name === 'arrivals') return async function* () {}
          const member: unknown = Reflect.get(target, name, target)
          return typeof member === 'function' ? (member.bind(target) as unknown) : member
        },
      }),
      directory,
      queueStarter: new SpoolStarter({
        spool,
        directory,
        routes,
        failed: (_, error) => assert.fail(String(error)),
      }),
      tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
      logger: this.ground.logger,
      metrics: new MetricRegistry(),
      clock: this.ground.clock,
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
    return LineClient.connect(this.port)
  }

  /** A provider on a connection that we made and that was turned around; nothing is read yet. */
  async provider(): Promise<LineClient> {
    const { clock } = this
    const listener = new Listener({
      host: '127.0.0.1',
      port: 0,
      clock,
      accept: (connection) => this.#agent.receive(connection),
    })
    await listener.listen()
    this.#turned.push(listener)
    return await LineClient.connect(listener.port)
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
  kept(): Promise<Kept> {
    return this.ground.kept()
  }

  get clock(): ManualClock {
    return this.ground.clock
  }

  get waiting(): number {
    return this.ground.spool.waiting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#turned.map((listener) => listener.drain(AbortSignal.abort())))
    await this.#agent.drain!(AbortSignal.abort())
    await this.#agent.stop!()
    await this.ground[Symbol.asyncDispose]()
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
