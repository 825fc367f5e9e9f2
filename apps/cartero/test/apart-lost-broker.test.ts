// A broker that comes back with an empty disk, and without its syncs: edges say so, take nothing in vain, and go on by themselves.
import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { LineClient, type Credentials } from '@cartero/testkit'
import { APART_LACKS, ApartStage } from '@cartero/testkit/apart'

import { awaitedLetter } from './awaited-letter.ts'

const TIM: Credentials = { address: 'tim@cartero.test', password: 'a password for tim' }

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (let patience = 0; patience < 600; patience++) {
    if (await condition()) return
    await sleep(100)
  }
  assert.fail(`waited in vain until ${what}`)
}

describe('a broker that has lost everything', { skip: APART_LACKS }, () => {
  let stage: ApartStage

  before(async () => {
    stage = await ApartStage.start()
    for (const [words, input] of [
      [['domain', 'add', 'cartero.test'], ''],
      [['account', 'add', TIM.address, '--password-stdin'], TIM.password],
    ] as const)
      assert.equal((await stage.cartero(words, { input })).code, 0)
  })
  after(() => stage?.[Symbol.asyncDispose]())

  /** Its disk is new, and its configuration is this. */
  async function restart(change: (lines: string) => string): Promise<void> {
    const { nats } = stage
    const facts = await (await fetch(`http://${nats.monitors[0]}/varz`)).json()
    const { store_dir: store } = (facts as { jetstream: { config: { store_dir: string } } }).jetstream.config
    const folder = store.replace(/\/jetstream\/?$/, '')
    await nats.halt()
    rmSync(folder, { recursive: true })
    const file = `${folder}.conf`
    writeFileSync(file, change(readFileSync(file, 'utf8')))
    await nats.resume()
  }

  /** What a letter from outside is answered. */
  async function letter(subject: string): Promise<string> {
    using client = await LineClient.connect(stage.port(25))
    await client.reply()
    await client.smtp('EHLO outside.test')
    const said = await client.smtp('MAIL FROM:<ann@outside.test>')
    if (!said.startsWith('250')) return said
    await client.smtp(`RCPT TO:<${TIM.address}>`)
    const asked = await client.smtp('DATA')
    return asked.startsWith('354') ? await client.smtp(`Subject: ${subject}\r\n\r\nx\r\n.`) : asked
  }

  const ready = (agent: string) => stage.probe(agent, '/readyz?verbose')

  test('edges are not ready while there is no stream that is safe, and say 451 in words that tell no bug', async () => {
    assert.match(await letter('before'), /^250 /)
    await awaitedLetter(stage, TIM, 'before')
    await restart((lines) => lines.replace('sync_interval: always', 'sync_interval: "2m"'))
    await until('it is noticed', async () => /\[-\] intake.*before it syncs/.test((await ready('mx')).text))
    assert.equal((await ready('mx')).status, 503)
    assert.match(await letter('meanwhile'), /^451 4\.3\.0 Mail cannot be stored now/)
    assert.notEqual((await stage.cartero(['status'])).code, 0)
  })

  test('they take mail again by themselves when it is as it must be, and what was lost is told', async () => {
    await restart((lines) => lines.replace('sync_interval: "2m"', 'sync_interval: always'))
    await until('mail is taken', async () => (await letter('after')).startsWith('250 '))
    await awaitedLetter(stage, TIM, 'after')
    await until('mx is ready', async () => (await ready('mx')).status === 200)
    // By whoever made it again; the others find it there.
    assert.match(stage.output, /"stream":"INTAKE".*"event":"stream\.lost"/)
  })
})
