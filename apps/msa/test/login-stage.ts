import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MetricRegistry, silentLogger } from '@cartero/agent/telemetry'
import { MemoryContentLog } from '@cartero/content/memory'
import { credentialVerifier } from '@cartero/directory'
import { AddressBans, Doorkeeper } from '@cartero/directory/doorkeeper'
import { openMemoryDirectory } from '@cartero/directory/memory'
import { createJwksVerifier } from '@cartero/directory/oauth'
import { createMsaAgent, type MsaDependencies } from '@cartero/msa-agent/agent'
import { mechanisms } from '@cartero/sasl'
import { MemorySpool } from '@cartero/spool/memory'
import { CERTIFICATE, command, freePortBase, KEY, lacks } from '@cartero/testkit'
import { systemClock } from '@cartero/wire'
import { TlsServer } from '@cartero/wire/node'
import { AUDIENCE, IdentityProvider } from './identity-provider.ts'

export const ALICE = 'alice@cartero.test'
export const PASSWORD = 'alice words'
export const HOST = '127.0.0.1'

/** Without it nobody has a certificate to show. */
export const hasOpenssl = lacks('openssl', 'openssl') === false

/** Submission over real sockets with every mechanism switched on, for Alice. */
export class LoginStage implements AsyncDisposable {
  readonly submission: number
  readonly submissions: number
  /** Behind a proxy; loopback could log in there without TLS. */
  readonly proxied: number
  readonly provider: IdentityProvider
  /** Few failures, because each guess waits longer than the one before. */
  readonly bans = new AddressBans(systemClock, { failures: 4 })
  readonly #folder = mkdtempSync(join(tmpdir(), 'cartero-auth-'))
  readonly #directory = openMemoryDirectory({ secretKey: () => Buffer.alloc(32, 7) })
  readonly #spool = new MemorySpool({ content: new MemoryContentLog() })
  readonly #leaving = new AsyncDisposableStack()

  private constructor(base: number, provider: IdentityProvider) {
    this.submission = base + 587
    this.submissions = base + 465
    this.proxied = base + 25
    this.provider = provider
    this.#leaving.defer(() => rmSync(this.#folder, { recursive: true }))
    this.#leaving.use(provider)
    this.#leaving.defer(() => this.#spool.close())
  }

  static async open(): Promise<LoginStage> {
    const stage = new LoginStage(await freePortBase(), await IdentityProvider.open())
    const directory = stage.#directory
    await directory.AddDomain({ domain: { name: 'cartero.test', catchAll: '', postmaster: '' } })
    const account = { address: ALICE, disabled: false, quota: 0n, reversibleSecret: true }
    await directory.AddAccount({ account, password: PASSWORD })
    if (hasOpenssl) await stage.#makeCertificate()
    await stage.#openDoors()
    return stage
  }

  /** A path in a folder of its own; `client.pem` and `client.key` are there. */
  file(name: string): string {
    return join(this.#folder, name)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#leaving.disposeAsync()
  }

  /** A certificate that names Alice, and is its own authority. */
  async #makeCertificate(): Promise<void> {
    const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const where = ['-keyout', this.file('client.key'), '-out', this.file('client.pem'), '-days', '2']
    const who = ['-subj', '/CN=Alice', '-addext', `subjectAltName=email:${ALICE}`]
    const { code, stderr } = await command('openssl', [...words, ...where, ...who])
    assert.equal(code, 0, stderr)
  }

  async #openDoors(): Promise<void> {
    const { issuer, jwks } = this.provider
    const tokens = createJwksVerifier({ issuer, jwks, audience: AUDIENCE })
    const clientAuthorities = hasOpenssl ? readFileSync(this.file('client.pem'), 'utf8') : undefined
    const shared = {
      intake: this.#spool,
      directory: this.#directory,
      doorkeeper: new Doorkeeper({
        verifier: (peer) => credentialVerifier(this.#directory, { peer, tokens, certificates: true }),
        switchedOn: new Set(mechanisms.map(({ name }) => name)),
        bans: this.bans,
        hostname: 'mail.cartero.test',
      }),
      tls: new TlsServer({ certificate: CERTIFICATE, key: KEY }, { clientAuthorities }),
      logger: silentLogger,
      metrics: new MetricRegistry(),
    }
    await this.#start({
      ...shared,
      settings: {
        ...SETTINGS,
        listen: [
          { host: HOST, port: this.submission, implicitTls: false },
          { host: HOST, port: this.submissions, implicitTls: true },
        ],
      },
    })
    await this.#start({
      ...shared,
      metrics: new MetricRegistry(),
      settings: {
        ...SETTINGS,
        listen: [{ host: HOST, port: this.proxied, implicitTls: false }],
        proxyProtocol: ['127.0.0.0/8'],
        allowPlaintextAuth: true,
      },
    })
  }

  async #start(dependencies: MsaDependencies): Promise<void> {
    const agent = createMsaAgent(dependencies)
    await agent.start!(AbortSignal.timeout(10_000))
    this.#leaving.defer(() => agent.stop!())
  }
}

const SETTINGS = {
  hostname: 'mail.cartero.test',
  rate: { perHour: 1_000, burst: 1_000 },
  allowPlaintextAuth: false,
  limits: { authFailureDelay: 0, authFailures: 100 },
}
