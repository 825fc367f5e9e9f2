import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { Postgres, statement } from '@cartero/sql/postgres'
import { LineClient, type Credentials } from '@cartero/testkit'

import { ApartStage, type StageOptions } from '@cartero/testkit/apart'
import { CountingHost } from './counting-host.ts'
import { PromisedLetters } from './promised-letters.ts'

export const ACCOUNTS: readonly Credentials[] = ['tim', 'ann', 'bea'].map((name) => ({
  address: `${name}@cartero.test`,
  password: `a password for ${name}`,
}))

const LEASED = statement(
  `SELECT count(*)::int AS count FROM delivery WHERE state = 'leased' AND holder LIKE $1`,
)

/** Agents apart with accounts, another host, and letters that are promised. */
export class FaultStage implements AsyncDisposable {
  readonly stage: ApartStage
  readonly elsewhere: CountingHost
  readonly letters: PromisedLetters

  private constructor(stage: ApartStage, elsewhere: CountingHost) {
    this.stage = stage
    this.elsewhere = elsewhere
    this.letters = new PromisedLetters(stage, ACCOUNTS, elsewhere)
  }

  static async start(options: Omit<StageOptions, 'lines'> = {}): Promise<FaultStage> {
    const elsewhere = await CountingHost.start()
    const lines = `relay: { mode: send, loopback: true }
routes: [{ name: elsewhere, hosts: "127.0.0.1:${elsewhere.port}" }]
routing: [{ match: elsewhere.test, via: elsewhere }]
smtp: { submission: { recipientsAtOnce: 1000000 } }
`
    const stage = await ApartStage.start({ ...options, lines }).catch(async (error: unknown) => {
      await elsewhere[Symbol.asyncDispose]()
      throw error
    })
    const faults = new FaultStage(stage, elsewhere)
    await faults.said(['domain', 'add', 'cartero.test'])
    for (const { address, password } of ACCOUNTS)
      await faults.said(['account', 'add', address, '--password-stdin'], password)
    return faults
  }

  /** A command at the console that must go well. */
  async said(words: readonly string[], input = ''): Promise<string> {
    const { code, out, err } = await this.stage.cartero(words, { input })
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}\n${this.stage.output}`)
    return out
  }

  /** kill -9, and started again. */
  async kill(...[agent, options]: Parameters<ApartStage['run']>): Promise<void> {
    await this.stage.agent(options?.as ?? agent).end('SIGKILL')
    await this.stage.run(agent, options).told('agent.serves')
  }

  /** Somebody at the mx door. */
  async visitor(): Promise<LineClient> {
    const client = await LineClient.connect(this.stage.port(25))
    await client.reply()
    await client.smtp('EHLO visitor.test')
    return client
  }

  /** What a letter to somebody is answered first that is no yes, or the 250 at its end. */
  async letter(to: string, subject = 'x'): Promise<string> {
    using client = await this.visitor()
    let answer = ''
    for (const words of [
      'MAIL FROM:<ann@outside.test>',
      `RCPT TO:<${to}>`,
      'DATA',
      `Subject: ${subject}\r\n\r\nx\r\n.`,
    ]) {
      answer = await client.smtp(words)
      if (!/^[23]/.test(answer)) break
    }
    return answer
  }

  /** What a login at the submission door is answered. */
  async login({ address, password } = ACCOUNTS[0]!): Promise<string> {
    using client = await LineClient.connectTls(this.stage.port(465))
    await client.reply()
    await client.smtp('EHLO client.test')
    return await client.smtp(`AUTH PLAIN ${Buffer.from(`\0${address}\0${password}`).toString('base64')}`)
  }

  /** How many deliveries of the spool are leased by one of several: by the name of its folder. */
  async leasedBy(as: string): Promise<number> {
    const instance = readFileSync(
      join(this.stage.folder, as, as.replace(/-.*/, ''), 'instance'),
      'utf8',
    ).trim()
    const database = new Postgres({ url: this.stage.postgres.url, schema: 'spool' })
    try {
      const [row] = await database.rows<{ count: number }>(LEASED, [`%${instance}%`])
      return row!.count
    } finally {
      await database.close()
    }
  }

  /** A counter of an agent. */
  async metric(as: string, name: string): Promise<number> {
    const { text } = await this.stage.probe(as, '/metrics')
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  }

  async until(isSo: () => boolean | Promise<boolean>, patience = 60_000): Promise<void> {
    const late = AbortSignal.timeout(patience)
    while (!late.aborted) {
      if (await isSo()) return
      await sleep(50)
    }
    throw new Error(this.stage.output)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]()
    await this.elsewhere[Symbol.asyncDispose]()
  }
}
