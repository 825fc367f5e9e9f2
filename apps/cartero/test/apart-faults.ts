import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

import { LineClient, type Credentials } from '@cartero/testkit'

import { ApartStage, type StageOptions } from './apart-stage.ts'
import { CountingHost } from './counting-host.ts'
import { PromisedLetters } from './promised-letters.ts'

export const ACCOUNTS: readonly Credentials[] = ['tim', 'ann', 'bea'].map((name) => ({
  address: `${name}@cartero.test`,
  password: `a password for ${name}`,
}))

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
    const stage = await ApartStage.start({ ...options, lines })
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
