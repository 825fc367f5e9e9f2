// The provider's agent alone in its process, the spool and the directory in another: it asks by gRPC, and each may die.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RpcServer } from '@cartero/bus/grpc'
import { DirectoryServiceDefinition } from '@cartero/contracts/directory'
import { TurnServiceDefinition } from '@cartero/contracts/spool/turn'
import { directoryFaultOf } from '@cartero/directory/remote'
import { TurnServer, turnFaultOf } from '@cartero/spool/remote-turns'
import { freePortBase, TestAuthority } from '@cartero/testkit'
import { Customer, DROP } from './customer.ts'
import { OdmrStage } from './odmr-stage.ts'

const LONE_AGENT = fileURLToPath(new URL('lone-agent.ts', import.meta.url))

/** Spool and directory here, with a door for agents; the agent that speaks with customers in another process. */
class Apart implements AsyncDisposable {
  readonly stage: OdmrStage
  readonly #folder = mkdtempSync(join(tmpdir(), 'cartero-apart-'))
  readonly #authority = TestAuthority.root('Agents')
  readonly bugs: unknown[] = []
  #server: RpcServer | undefined
  #address = '127.0.0.1:0'
  agent!: ChildProcess
  port = 0

  private constructor(stage: OdmrStage) {
    this.stage = stage
  }

  static async open(): Promise<Apart> {
    const apart = new Apart(await OdmrStage.open())
    await apart.serve()
    await apart.startAgent()
    return apart
  }

  /** The door for agents; again at the same place after it was closed. */
  async serve(): Promise<void> {
    const { turns, content, directory } = this.stage
    this.#server = new RpcServer({
      address: this.#address,
      identity: this.#identity(),
      offers: [
        {
          definition: TurnServiceDefinition,
          implementation: new TurnServer({ turns, content }),
          faultOf: turnFaultOf,
        },
        { definition: DirectoryServiceDefinition, implementation: directory, faultOf: directoryFaultOf },
      ],
      bug: (error) => this.bugs.push(error),
    })
    this.#address = `127.0.0.1:${await this.#server.listen()}`
  }

  async cutOff(): Promise<void> {
    await this.#server!.close(AbortSignal.abort())
  }

  async startAgent(): Promise<void> {
    for (const [name, text] of Object.entries(this.#identity()))
      writeFileSync(join(this.#folder, `${name}.pem`), text, { mode: 0o600 })
    this.port = (await freePortBase()) + 366
    const address = this.#address.replace('127.0.0.1', 'localhost')
    this.agent = spawn(process.execPath, [LONE_AGENT, address, this.#folder, String(this.port)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    await once(this.agent.stdout!, 'data')
  }

  async killAgent(): Promise<void> {
    this.agent.kill('SIGKILL')
    await once(this.agent, 'exit')
  }

  async customer(): Promise<Customer> {
    const customer = await Customer.connectTls(this.port)
    assert.match(await customer.logIn(), /^235 /)
    return customer
  }

  #identity() {
    const { certificate, key } = this.#authority.issue({ names: ['localhost'] })
    return {
      authority: Buffer.from(this.#authority.certificate),
      certificate: Buffer.from(certificate),
      key: Buffer.from(key),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.agent.exitCode === null && this.agent.signalCode === null) await this.killAgent()
    await this.cutOff()
    await this.stage[Symbol.asyncDispose]()
    rmSync(this.#folder, { recursive: true })
  }
}

const textOf = (n: number): string => `Subject: ${n}\r\n\r\nhello\r\n`

describe('an agent that holds no credentials of any store', () => {
  test('lets a customer in, and turns over what waits for him, small and large', async () => {
    await using apart = await Apart.open()
    await apart.stage.letters(150)
    const large = `Subject: large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(1_000)}`
    await apart.stage.letter({ text: large })
    using customer = await apart.customer()
    const { taken } = await customer.fetch({ offers: ['PIPELINING'] })
    assert.deepEqual(
      taken.map(({ text }) => text),
      [...Array.from({ length: 150 }, (_, n) => textOf(n + 1)), large],
    )
    await apart.stage.until(() => apart.stage.turns.isIdle)
    assert.deepEqual(await apart.stage.waiting(), [])
    assert.deepEqual(apart.bugs, [])
  })

  test('refuses as the directory says: a wrong password, a domain of somebody else', async () => {
    await using apart = await Apart.open()
    await apart.stage.letters(1)
    using stranger = await Customer.connectTls(apart.port)
    assert.match(await stranger.logIn('wrong'), /^535 /)
    using customer = await apart.customer()
    assert.match(await customer.say('ATRN old.test'), /^450 /)
    assert.match(await customer.say('ATRN shop.test'), /^453 /)
    assert.equal((await apart.stage.waiting()).length, 1)
  })

  test('that is killed in a turn loses nothing: what was not confirmed is there for the next turn', async () => {
    await using apart = await Apart.open()
    await apart.stage.letters(20)
    using first = await apart.customer()
    let count = 0
    const { taken } = await first.fetch({
      atEnd: async () => {
        if (++count === 5) await apart.killAgent()
      },
    })
    await apart.stage.until(() => apart.stage.turns.isIdle)
    await apart.startAgent()
    using second = await apart.customer()
    const rest = await second.fetch()
    const subjects = [...taken, ...rest.taken].map(({ text }) => text)
    assert.deepEqual(new Set(subjects), new Set(Array.from({ length: 20 }, (_, n) => textOf(n + 1))))
    assert.ok(subjects.length <= 20 + 5, `${subjects.length - 20} came twice`)
  })

  test('says that it cannot tell now while the MTA is away, and goes on when that is back', async () => {
    await using apart = await Apart.open()
    await apart.stage.letters(3)
    using waiting = await apart.customer()
    await apart.cutOff()
    assert.match(await waiting.say('ATRN'), /^451 /)
    await apart.serve()
    const again = Date.now() + 15_000
    let answer = await waiting.say('ATRN')
    while (answer.startsWith('451') && Date.now() < again) {
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      answer = await waiting.say('ATRN')
    }
    assert.match(answer, /^250 /)
    assert.equal((await waiting.serve()).taken.length, 3)
  })

  test('whose MTA dies in a turn ends it; the customer gets the rest from the next', async () => {
    await using apart = await Apart.open()
    await apart.stage.letters(200)
    using first = await apart.customer()
    let count = 0
    const { taken } = await first.fetch({
      atEnd: async () => {
        if (++count === 3) await apart.cutOff()
      },
    })
    await apart.stage.until(() => apart.stage.turns.isIdle)
    assert.ok(taken.length < 200)
    await apart.serve()
    await apart.killAgent()
    await apart.startAgent()
    using second = await apart.customer()
    const rest = await second.fetch()
    const seen = new Set([...taken, ...rest.taken].map(({ text }) => text))
    assert.equal(seen.size, 200)
  })

  test('whose customer drops tells the MTA so, and others can have the turn', async () => {
    await using apart = await Apart.open()
    await apart.stage.letters(4)
    using first = await apart.customer()
    await first.fetch({ RCPT: ['250 2.1.5 fine', DROP] })
    await apart.stage.until(() => apart.stage.turns.isIdle)
    assert.equal(apart.stage.turns.endings[0]?.kind, 'lost')
    using second = await apart.customer()
    // What was under way when he left is put off for a while, by these turns.
    const { taken } = await second.fetch()
    await apart.stage.until(() => apart.stage.turns.isIdle)
    const { size } = new Set([...first.seen.taken, ...taken].map(({ text }) => text))
    assert.equal(size + (await apart.stage.waiting()).length, 4)
  })
})
