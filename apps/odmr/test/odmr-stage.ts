import assert from 'node:assert/strict'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { credentialVerifier, type Directory } from '@cartero/directory'
import { AddressBans, Doorkeeper, type BanLimits } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createOdmrAgent, type OdmrSettings } from '@cartero/odmr-agent/agent'
import type { Envelope } from '@cartero/spool'
import { MemorySpool } from '@cartero/spool/memory'
import { CERTIFICATE, freePortBase, KEY } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'
import { ACCOUNT, Customer, PASSWORD } from './customer.ts'
import { SpooledTurns } from './spooled-turns.ts'

const HOST = '127.0.0.1'

/** Comes for the mail of no domain. */
export const NOBODY = 'nobody@cartero.test'
/** May use CRAM-MD5 without TLS; comes for `old.test`. */
export const OLD = 'old@cartero.test'

export interface Waiting extends Partial<Envelope> {
  readonly to?: readonly string[]
  readonly text?: string
}

export interface StageOptions extends Partial<OdmrSettings> {
  readonly bans?: Partial<BanLimits>
  /** At the door with TLS at once. */
  readonly lineRecords?: boolean
}

/** Both doors over real sockets with everything behind them in memory. The clock stands still. */
export class OdmrStage implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly lines: string[] = []
  readonly metrics = new MetricRegistry()
  readonly content = new MemoryContentLog()
  readonly spool = new MemorySpool({ content: this.content, clock: this.clock })
  readonly turns = new SpooledTurns(this.spool, this.clock)
  readonly directory: Directory = openMemoryDirectory({ secretKey: () => Buffer.alloc(32, 7) })
  readonly port: number
  readonly tlsPort: number
  readonly #agent: ReturnType<typeof createOdmrAgent>

  private constructor(base: number, { bans, limits, lineRecords = false, ...settings }: StageOptions) {
    this.port = base + 366
    this.tlsPort = base + 367
    this.#agent = createOdmrAgent({
      settings: {
        hostname: 'mail.cartero.test',
        listen: [
          { host: HOST, port: this.port, implicitTls: false },
          { host: HOST, port: this.tlsPort, implicitTls: true, lineRecords },
        ],
        isTurnAllowed: false,
        allowClearCramMd5: false,
        turnDuration: 3_600_000,
        limits: { authFailureDelay: 0, errorDelay: 0, ...limits },
        ...settings,
      },
      turns: this.turns,
      directory: this.directory,
      doorkeeper: new Doorkeeper({
        verifier: (peer) => credentialVerifier(this.directory, { peer }),
        bans: new AddressBans(this.clock, bans),
      }),
      content: this.content,
      tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
      logger: createLoggerTo((line) => this.lines.push(line)),
      metrics: this.metrics,
      clock: this.clock,
    })
  }

  static async open(options: StageOptions = {}): Promise<OdmrStage> {
    const stage = new OdmrStage(await freePortBase(), options)
    await stage.#people()
    await stage.#agent.start!(AbortSignal.timeout(10_000))
    return stage
  }

  async #people(): Promise<void> {
    const domain = { catchAll: '', postmaster: '' }
    await this.directory.AddDomain({ domain: { name: 'cartero.test', ...domain } })
    for (const [address, clearCramMd5] of [
      [ACCOUNT, false],
      [NOBODY, false],
      [OLD, true],
    ] as const) {
      const account = { address, disabled: false, quota: 0n, reversibleSecret: true, clearCramMd5 }
      await this.directory.AddAccount({ account, password: PASSWORD })
    }
    for (const [name, account] of [
      ['home.test', ACCOUNT],
      ['shop.test', ACCOUNT],
      ['old.test', OLD],
    ] as const) {
      const collection = { account, quota: 0n, keepSeconds: 0n, contact: '' }
      await this.directory.AddDomain({ domain: { name, ...domain, collection } })
    }
  }

  /** A message that waits. */
  async letter({ to = ['tim@home.test'], text, ...envelope }: Waiting = {}): Promise<void> {
    const draft = this.spool.begin({
      reversePath: 'alice@example.org',
      recipients: to.map((address) => ({ address })),
      client: { address: '192.0.2.1', helo: 'client.test', protocol: 'ESMTP' },
      ...envelope,
    })
    await draft.write(Buffer.from(text ?? `Subject: for ${to.join()}\r\n\r\nhello\r\n`))
    const queueId = await draft.commit(Buffer.alloc(0))
    const nextHop = { kind: 'odmr', domain: to[0]!.split('@')[1]! } as const
    const recipients = to.map((address) => ({ address, account: '' }))
    const arrivals = this.spool.arrivals(1, AbortSignal.timeout(5_000))[Symbol.asyncIterator]()
    await arrivals.next()
    await this.spool.route([{ queueId, deliveries: [{ nextHop, recipients }] }])
    await arrivals.return?.()
  }

  async letters(count: number, waiting: Waiting = {}): Promise<void> {
    for (let n = 1; n <= count; n++) await this.letter({ text: `Subject: ${n}\r\n\r\nhello\r\n`, ...waiting })
  }

  /** Logged in under TLS. */
  async customer(): Promise<Customer> {
    const customer = await Customer.connectTls(this.tlsPort)
    assert.match(await customer.logIn(), /^235 /)
    return customer
  }

  /** What waits: subject and state. */
  async waiting(): Promise<readonly string[]> {
    const { deliveries } = await this.spool.list({}, { limit: 1_000 })
    return deliveries.map(({ state }) => state)
  }

  /** The fields of the log lines of an event. */
  told(event: string): readonly Record<string, unknown>[] {
    const lines = this.lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    return lines.filter((line) => Object.values(line).includes(event))
  }

  /** The samples of a counter that are not 0. */
  async counted(name: string): Promise<readonly string[]> {
    const { text } = await this.metrics.exposition()
    return text.split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'))
  }

  /** Lets time go by until the promise is settled. */
  async during<T>(promise: Promise<T>, step = 1_000): Promise<T> {
    const over = new AbortController()
    const result = promise.finally(() => over.abort())
    while (!over.signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve))
      this.clock.advance(step)
    }
    return await result
  }

  /** Everything had a chance to happen that needs no time to pass. */
  async still(): Promise<void> {
    for (let n = 0; n < 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Waits for what comes by itself and soon. */
  async until(isSo: () => boolean): Promise<void> {
    const end = Date.now() + 10_000
    while (!isSo()) {
      assert.ok(Date.now() < end, 'it never came')
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  drain(signal: AbortSignal): Promise<void> {
    return Promise.resolve(this.#agent.drain!(signal))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop!()
    await this.spool.close()
  }
}
