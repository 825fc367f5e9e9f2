import assert from 'node:assert/strict'
import { createLoggerTo, MetricRegistry } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { credentialVerifier } from '@cartero/directory'
import { Doorkeeper } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createMsaAgent, type LocalSubmission, type MsaSettings } from '@cartero/msa-agent/agent'
import type { Envelope, SpooledMessage } from '@cartero/spool'
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

/** Both submission ports over real sockets with everything behind them in memory. The clock stands still. */
export class MsaStage implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly lines: string[] = []
  readonly submission: number
  readonly submissions: number
  readonly #directory = openMemoryDirectory()
  readonly #content = new MemoryContentLog()
  readonly #spool: MemorySpool
  readonly #agent: ReturnType<typeof createMsaAgent>

  private constructor(base: number, settings: Partial<MsaSettings>) {
    this.submission = base + 587
    this.submissions = base + 465
    this.#spool = new MemorySpool({ content: this.#content, clock: this.clock })
    const host = '127.0.0.1'
    this.#agent = createMsaAgent({
      settings: {
        hostname: 'mail.cartero.test',
        listen: [
          { host, port: this.submission, implicitTls: false },
          { host, port: this.submissions, implicitTls: true },
        ],
        rate: { perHour: 1_000, burst: 1_000 },
        allowPlaintextAuth: false,
        ...settings,
      },
      intake: this.#spool,
      directory: this.#directory,
      doorkeeper: new Doorkeeper({ verifier: () => credentialVerifier(this.#directory) }),
      tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
      logger: createLoggerTo((line) => this.lines.push(line)),
      metrics: new MetricRegistry(),
      clock: this.clock,
    })
  }

  static async open(settings: Partial<MsaSettings> = {}): Promise<MsaStage> {
    const stage = new MsaStage(await freePortBase(), settings)
    await stage.#people()
    await stage.#agent.start!(AbortSignal.timeout(10_000))
    return stage
  }

  async #people(): Promise<void> {
    await this.#directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    for (const name of ['alice', 'bob']) {
      const account = { address: `${name}@cartero.test`, disabled: false, quota: 0n }
      await this.#directory.AddAccount({ account, password: `${name} words` })
    }
    const alias = { address: 'sales@cartero.test', targets: ['alice@cartero.test'] }
    await this.#directory.SetAlias({ alias })
  }

  /** Connected to 465 and introduced. */
  async client(): Promise<LineClient> {
    const client = await LineClient.connectTls(this.submissions)
    await client.reply()
    await client.smtp('EHLO client.test')
    return client
  }

  /** Logged in as alice, too. */
  async alice(): Promise<LineClient> {
    const client = await this.client()
    const words = Buffer.from('\0alice@cartero.test\0alice words').toString('base64')
    assert.match(await client.smtp(`AUTH PLAIN ${words}`), /^235/)
    return client
  }

  /** The one message that was accepted since the last time. */
  async kept(): Promise<Kept> {
    const arrivals = this.#spool.arrivals(1, AbortSignal.timeout(5_000))[Symbol.asyncIterator]()
    const [message] = (await arrivals.next()).value as readonly SpooledMessage[]
    await this.#spool.route([{ queueId: message!.queueId, deliveries: [] }])
    const octets = (await this.#content.read(message!.content)).toString('latin1')
    return { envelope: message!.envelope, prefix: message!.prefix.toString(), octets }
  }

  get local(): LocalSubmission {
    return this.#agent.local
  }

  get waiting(): number {
    return this.#spool.waiting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop!()
    await this.#spool.close()
  }
}

/** From MAIL to the reply at the end of data. */
export function send(
  client: LineClient,
  letter: string,
  mail = 'MAIL FROM:<alice@cartero.test>',
): Promise<string> {
  return client.letter(letter, mail)
}
