// All agents as processes of their own: a letter goes from one to the next, and the console answers for all of them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'

import { LineClient, type Credentials } from '@cartero/testkit'
import { lookIntoInbox } from '@cartero/testkit/inbox'
import { createTransport } from 'nodemailer'

import { AGENTS } from '../src/services-rules.ts'
import { APART_LACKS, ApartStage } from '@cartero/testkit/apart'
import { awaitedLetter } from './awaited-letter.ts'
import { CallingCustomer } from './calling-customer.ts'
import { CountingHost } from './counting-host.ts'

const TIM = 'tim@cartero.test'
/** As many as are under way while agents are killed and come back. */
const LETTERS = 200
/** Milliseconds: longer than the broker waits for who was killed while he had mail of it (ten seconds). */
const PATIENCE = 90_000

describe('agents apart', { skip: APART_LACKS }, () => {
  let stage: ApartStage
  let elsewhere: CountingHost
  const tim: Credentials = { address: TIM, password: 'a password for tim' }

  before(async () => {
    elsewhere = await CountingHost.start()
    stage = await ApartStage.start({
      lines: `relay: { mode: send, loopback: true }
routes: [{ name: elsewhere, hosts: "127.0.0.1:${elsewhere.port}" }]
routing: [{ match: elsewhere.test, via: elsewhere }]
odmr: { clearCramMd5: true }
auth: { mechanisms: [PLAIN, CRAM-MD5] }
`,
    })
  })
  after(async () => {
    await stage[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })

  /** A command at the console that must go well. */
  const said = async (words: readonly string[], input = ''): Promise<string> => {
    const { code, out, err } = await stage.cartero(words, { input })
    assert.equal(code, 0, `${words.join(' ')}: ${out}${err}\n${stage.output}`)
    return out
  }

  test('a domain and an account are made at the console', async () => {
    await said(['domain', 'add', 'cartero.test'])
    await said(['account', 'add', TIM, '--password-stdin'], tim.password)
    assert.match(await said(['account', 'list']), /tim@cartero\.test/)
  })

  test('a letter submitted at the msa is in the mailbox that imap shows, and who idles hears it', async () => {
    await lookIntoInbox(stage, tim, async (client, exists) => {
      assert.equal(exists, 0)
      const heard = new Promise<number>((resolve) => client.once('exists', ({ count }) => resolve(count)))
      void client.idle()
      await submit('letter by submission', TIM)
      assert.equal(await heard, 1)
    })
    assert.match(
      await awaitedLetter(stage, tim, 'letter by submission'),
      /^Return-Path: <tim@cartero\.test>\r$/m,
    )
  })

  test('a letter from outside comes in at mx; for others it is refused there', async () => {
    using client = await LineClient.connect(stage.port(25))
    await client.reply()
    await client.smtp('EHLO outside.test')
    assert.match(await client.smtp('MAIL FROM:<ann@outside.test>'), /^250 /)
    assert.match(await client.smtp('RCPT TO:<nobody@cartero.test>'), /^550 5\.1\.1 /)
    assert.match(await client.smtp('RCPT TO:<ann@elsewhere.test>'), /^550 5\.7\.1 /)
    assert.match(await client.smtp(`RCPT TO:<${TIM}>`), /^250 /)
    assert.match(await client.smtp('DATA'), /^354 /)
    assert.match(await client.smtp('Subject: letter from outside\r\n\r\nx\r\n.'), /^250 /)
    assert.match(await awaitedLetter(stage, tim, 'letter from outside'), /from outside\.test/)
    await until(async () => /"agent": *"mx"/.test(await said(['trace', 'ann@outside.test', '-o', 'json'])))
    assert.match(
      stage.agent('mx').output,
      /"event":"message\.received".*"agent":"mx"|"agent":"mx".*"event":"message\.received"/,
    )
  })

  test('a large letter, which goes by the content store, comes out as it went in', async () => {
    const body = 'a line of a large letter\r\n'.repeat(40_000)
    await submit('large letter', TIM, body)
    const letter = await awaitedLetter(stage, tim, 'large letter')
    assert.ok(letter.includes(body.trimEnd()), `${letter.length} octets came`)
  })

  test('a letter for elsewhere leaves by the relay of the mta, and trace knows the way of it', async () => {
    await submit('letter for elsewhere', 'ann@elsewhere.test')
    await until(() => elsewhere.copies.has('ann'))
    await until(async () => /relayed|delivered/.test(await said(['trace', 'ann@elsewhere.test'])))
    assert.equal(await said(['mailq']), 'Mail queue is empty\n')
  })

  test('what waits is in the queue of the console, which an operator can steer', async () => {
    elsewhere.script = (place) => (place === 'RCPT' ? '450 4.2.0 later' : undefined)
    await submit('letter that waits', 'bea@elsewhere.test')
    await until(async () => /bea@elsewhere\.test/.test(await said(['queue', 'list'])))
    await until(async () => /4\.2\.0|later/.test(await said(['queue', 'list', '-o', 'json'])))
    elsewhere.script = () => undefined
    await said(['queue', 'retry', '--recipient', 'bea@elsewhere.test'])
    await until(() => elsewhere.copies.has('bea'))
  })

  test('mail waits for a customer, who takes it at the odmr door', async () => {
    const password = 'a password for home'
    const words = ['odmr', 'add', 'home.test', '--clear-cram-md5', '--password-stdin']
    await said(words, password)
    await submit('letter for home', 'cat@home.test')
    await until(async () => /when fetched/.test(await said(['queue', 'list', '--customer', 'home.test'])))
    await using customer = await CallingCustomer.start({ address: 'fetch@home.test', password })
    await customer.turn({ port: (known) => stage.port(known), data: stage.folder })
    assert.deepEqual([...customer.host.copies.keys()], ['cat'])
    await until(async () => /home\.test +fetch@home\.test +0 /.test(await said(['odmr', 'list'])))
  })

  test('agents that are killed under load lose nothing and deliver nothing twice', async () => {
    const letters = Array.from({ length: LETTERS }, (_, n) => `letter under fire ${n}.`)
    const transport = submitting()
    const sending = Promise.all(
      letters.map((subject) => transport.sendMail({ from: TIM, to: TIM, subject, text: 'x' })),
    )
    for (const agent of ['mda', 'mta', 'console'] as const) {
      await stage.agent(agent).end('SIGKILL')
      await stage.run(agent).told('agent.serves')
    }
    await sending
    transport.close()
    const came = async (): Promise<readonly string[]> =>
      lookIntoInbox(stage, tim, async (client) => {
        const all = await client.fetchAll('1:*', { envelope: true })
        return all
          .flatMap(({ envelope }) => envelope?.subject ?? [])
          .filter((subject) => subject.includes('under fire'))
      })
    await until(async () => new Set(await came()).size === LETTERS)
    assert.deepEqual((await came()).toSorted(), letters.toSorted())
  })

  test('a program at the console submits, and explain says where mail would go', async () => {
    await said(['sendmail', '-f', TIM, TIM], 'Subject: letter of a program\n\nx\n')
    await awaitedLetter(stage, tim, 'letter of a program')
    assert.match(await said(['explain', 'ann@elsewhere.test']), /elsewhere/)
  })

  test('the console tells how all agents are', async () => {
    const status = await said(['status'])
    for (const agent of AGENTS.filter((name) => name !== 'console'))
      assert.match(status, new RegExp(`\\[[+!]\\] ${agent} at localhost:\\d+: ready`), status)
    for (const agent of AGENTS) {
      assert.equal((await stage.probe(agent, '/readyz')).status, 200, agent)
      assert.match((await stage.probe(agent, '/metrics')).text, /^cartero_ready 1$/m)
    }
  })

  test('the console has an agent log more, and has it end, which it does in order', async () => {
    await said(['agent', 'log', 'odmr', 'debug'])
    const { child } = stage.agent('odmr')
    await said(['agent', 'drain', 'odmr'])
    if (child.exitCode === null) await once(child, 'exit')
    assert.equal(child.exitCode, 0)
    await until(async () => /\[-\] odmr at \S+: unreachable/.test((await stage.cartero(['status'])).out))
    assert.equal((await stage.cartero(['status'])).code, 1)
  })

  test('the console says how the others are, also without an mta', async () => {
    await said(['agent', 'drain', 'mta'])
    await until(async () => /\[-\] mta at \S+: unreachable/.test((await stage.cartero(['status'])).out))
    const { out } = await stage.cartero(['status'])
    assert.match(out, /nobody knows how many messages on their way/)
    assert.match(out, /\[[+!]\] imap at \S+: ready/)
  })

  test('edges are ready without an mta, and say that it is away', async () => {
    for (const agent of ['mx', 'msa']) {
      const { status, text } = await stage.probe(agent, '/readyz?verbose')
      assert.match(text, /\[!\] mta \(remote\)/)
      assert.equal(status, 200, text)
    }
    await stage.agent('mx').end()
    await stage.run('mx').told('agent.serves')
    assert.equal((await stage.probe('mx', '/readyz')).status, 200)
  })

  test('SIGTERM ends each of them in order', async () => {
    assert.deepEqual(await stage.stop(), Object.fromEntries(AGENTS.map((agent) => [agent, 0])), stage.output)
  })

  function submitting() {
    return createTransport({
      host: '127.0.0.1',
      port: stage.port(587),
      pool: true,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
      auth: { user: TIM, pass: tim.password },
    })
  }

  async function submit(subject: string, to: string, text = 'x'): Promise<void> {
    const transport = submitting()
    await transport.sendMail({ from: TIM, to, subject, text })
    transport.close()
  }

  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    const late = AbortSignal.timeout(PATIENCE)
    while (!late.aborted) {
      if (await isSo()) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(stage.output)
  }
})
