import assert from 'node:assert/strict'
import { MetricRegistry } from '@cartero/agent/telemetry'
import { credentialVerifier } from '@cartero/directory'
import { Doorkeeper } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import {
  createMsaAgent,
  type LocalSubmission,
  type MsaDependencies,
  type MsaSettings,
} from '@cartero/msa-agent/agent'
import { CERTIFICATE, freePortBase, KEY, LineClient } from '@cartero/testkit'
import { EdgeGround, type Kept } from '@cartero/testkit/edge'
import type { ManualClock } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'

/** Both submission ports over real sockets with everything behind them in memory. The clock stands still. */
export class MsaStage implements AsyncDisposable {
  readonly ground = new EdgeGround()
  readonly submission: number
  readonly submissions: number
  readonly #directory = openMemoryDirectory()
  readonly #agent: ReturnType<typeof createMsaAgent>

  private constructor(base: number, settings: Partial<MsaSettings>, more: Partial<MsaDependencies>) {
    this.submission = base + 587
    this.submissions = base + 465
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
      intake: this.ground.spool,
      directory: this.#directory,
      doorkeeper: new Doorkeeper({ verifier: () => credentialVerifier(this.#directory) }),
      tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }),
      logger: this.ground.logger,
      metrics: new MetricRegistry(),
      clock: this.ground.clock,
      ...more,
    })
  }

  static async open(
    settings: Partial<MsaSettings> = {},
    more: Partial<MsaDependencies> = {},
  ): Promise<MsaStage> {
    const stage = new MsaStage(await freePortBase(), settings, more)
    await stage.#people()
    await stage.#agent.start!(AbortSignal.timeout(10_000))
    return stage
  }

  async #people(): Promise<void> {
    await this.#directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    for (const name of ['alice', 'bob', 'home']) {
      const account = { address: `${name}@cartero.test`, disabled: false, quota: 0n }
      await this.#directory.AddAccount({ account, password: `${name} words` })
    }
    const alias = { address: 'sales@cartero.test', targets: ['alice@cartero.test'] }
    await this.#directory.SetAlias({ alias })
    const collection = { account: 'home@cartero.test', quota: 0n, keepSeconds: 0n, contact: '' }
    await this.#directory.AddDomain({
      domain: { name: 'home.test', catchAll: '', postmaster: '', collection },
    })
    await this.#directory.SetAlias({ alias: { address: 'family@cartero.test', targets: ['all@home.test'] } })
  }

  /** Connected to 465 and introduced. */
  async client(): Promise<LineClient> {
    const client = await LineClient.connectTls(this.submissions)
    await client.reply()
    await client.smtp('EHLO client.test')
    return client
  }

  /** Logged in as alice, too. */
  alice(): Promise<LineClient> {
    return this.loggedIn('alice')
  }

  /** Logged in with one of our accounts; `home` is the one that collects home.test. */
  async loggedIn(name: 'alice' | 'bob' | 'home'): Promise<LineClient> {
    const client = await this.client()
    const words = Buffer.from(`\0${name}@cartero.test\0${name} words`).toString('base64')
    assert.match(await client.smtp(`AUTH PLAIN ${words}`), /^235/)
    return client
  }

  /** The one message that was accepted since the last time. */
  kept(): Promise<Kept> {
    return this.ground.kept()
  }

  get clock(): ManualClock {
    return this.ground.clock
  }

  get local(): LocalSubmission {
    return this.#agent.local
  }

  get waiting(): number {
    return this.ground.spool.waiting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop!()
    await this.ground[Symbol.asyncDispose]()
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
