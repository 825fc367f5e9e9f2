// Customers at once, customers who guess at passwords, and customers who say too little or too much. How long a silent one is
// waited for is proven with a clock in hand in apps/odmr/test/faults.test.ts: no setting makes that time short.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LineClient, type Credentials } from '@cartero/testkit'
import { CallingCustomer, logIn } from './calling-customer.ts'
import { cartero } from './cartero-command.ts'
import { SILENCE, type Script } from './counting-host.ts'
import { customerOf } from './demo-customer.ts'
import { RelayUnderFire } from './relay-under-fire.ts'

const LIMIT_MS = 20_000
const LINES = 'odmr: { clearCramMd5: true, retryAfter: 1s }\n'

describe('customers of one provider', () => {
  let stage: RelayUnderFire
  let home: CallingCustomer
  let other: CallingCustomer

  before(async () => {
    home = await CallingCustomer.start()
    stage = await RelayUnderFire.start({ hosts: {}, counted: [home.host], lines: LINES })
    const words = ['odmr', 'add', 'other.test', '--clear-cram-md5', '--generate', '--json']
    const { out, err } = await cartero([...words, '--data', stage.cartero.data])
    assert.notEqual(out, '', err)
    const { account, password } = JSON.parse(out) as { account: string; password: string }
    other = await CallingCustomer.start({ address: account, password })
  })
  after(async () => {
    await home[Symbol.asyncDispose]()
    await other[Symbol.asyncDispose]()
    await stage[Symbol.asyncDispose]()
  })

  async function letters(domain: string, prefix: string, count = 10): Promise<void> {
    const flood = { domain, prefix, sessions: 1, letters: count, octets: 20_000 }
    assert.deepEqual(await stage.flood(flood), [])
    const isThere = async (): Promise<boolean> => (await waiting(domain)) >= count
    for (const end = Date.now() + LIMIT_MS; !(await isThere()); await sleep(20)) assert.ok(Date.now() < end)
  }

  const waiting = (domain: string): Promise<number> =>
    stage.queue((queue) => queue.count({ destination: `odmr ${domain}` }))

  /** A script, and what lets it go on that has come to this place. */
  function holding(at: 'greeting' | 'end'): { script: Script; goOn: () => void } {
    const held = Promise.withResolvers<undefined>()
    return {
      script: (place) => (place === at ? held.promise : undefined),
      goOn: () => held.resolve(undefined),
    }
  }

  const lettersOf = (customer: CallingCustomer, prefix: string): number =>
    [...customer.host.copies.keys()].filter((name) => name.startsWith(prefix)).length

  test('two connections of one: the first has the turn, the second hears 451, and has its own afterwards', async () => {
    await letters('home.test', 'both')
    const { script, goOn } = holding('end')
    home.host.script = script
    const first = await home.call(stage.cartero)
    assert.match(first.answer, /^250 /)
    for (let i = 0; i < 3; i++) assert.match((await home.call(stage.cartero)).answer, /^451 4\./)
    goOn()
    await first.over
    // What he answered is noted a moment after he has left.
    let { answer } = await home.call(stage.cartero)
    for (let i = 0; answer.startsWith('451') && i < 100; i++) ({ answer } = await home.call(stage.cartero))
    assert.match(answer, /^453 /)
    assert.deepEqual(await stage.lost(), [])
    assert.equal(stage.duplicates().size, 0)
  })

  test('two at once have their own mail each, and none of the other', async () => {
    await letters('home.test', 'home')
    await letters('other.test', 'other')
    assert.match((await other.call(stage.cartero, 'ATRN home.test')).answer, /^450 /)
    assert.match((await other.call(stage.cartero, 'ATRN other.test,home.test')).answer, /^450 /)
    const [one, two] = [holding('greeting'), holding('greeting')]
    ;[home.host.script, other.host.script] = [one.script, two.script]
    const calls = await Promise.all([home.call(stage.cartero), other.call(stage.cartero)])
    for (const { answer } of calls) assert.match(answer, /^250 /)
    one.goOn()
    two.goOn()
    await Promise.all(calls.map(({ over }) => over))
    assert.deepEqual([lettersOf(home, 'home'), lettersOf(home, 'other')], [10, 0])
    assert.deepEqual([lettersOf(other, 'home'), lettersOf(other, 'other')], [0, 10])
  })

  test('one who never greets keeps nobody else waiting, and has his mail when he comes again', async () => {
    await letters('home.test', 'silent')
    await letters('other.test', 'beside')
    home.host.script = (place) => (place === 'greeting' ? SILENCE : undefined)
    const silent = await home.call(stage.cartero)
    assert.match(silent.answer, /^250 /)
    other.host.script = () => undefined
    await other.turn(stage.cartero)
    assert.equal(lettersOf(other, 'beside'), 10)
    assert.match((await home.call(stage.cartero)).answer, /^451 /)
    silent.socket.destroy()
    home.host.script = () => undefined
    await home.turn(stage.cartero)
    assert.deepEqual(await stage.lost((name) => name.startsWith('other') || name.startsWith('beside')), [])
    assert.equal(stage.duplicates().size, 0)
  })

  test('one who says each octet by itself gets each letter once', async () => {
    await letters('home.test', 'trickle')
    home.host.trickles = true
    await home.turn(stage.cartero)
    home.host.trickles = false
    assert.equal(lettersOf(home, 'trickle'), 10)
    assert.equal(stage.duplicates().size, 0)
  })

  test('one who greets at the length of 1,000 lines gets each letter once in the end', async () => {
    await letters('home.test', 'long')
    let greetings = 0
    const greeting = `${'220-home.test and so on\r\n'.repeat(1_000)}220 home.test`
    home.host.script = (place) => (place === 'greeting' && greetings++ === 0 ? greeting : undefined)
    await home.turn(stage.cartero)
    for (const end = Date.now() + LIMIT_MS; (await waiting('home.test')) > 0; await sleep(20)) {
      assert.ok(Date.now() < end, stage.cartero.output.slice(-2_000))
      const { answer, over } = await home.call(stage.cartero)
      if (answer.startsWith('250')) await over
    }
    assert.equal(lettersOf(home, 'long'), 10)
    assert.equal(stage.duplicates().size, 0)
  })
})

describe('who guesses at passwords', () => {
  const FAILURES = 10
  const DELAY_MS = 100

  async function from(stage: RelayUnderFire, address: string): Promise<LineClient> {
    const client = await LineClient.connect(stage.cartero.port(366))
    client.write(`PROXY TCP4 ${address} 127.0.0.1 4711 366\r\n`)
    return client
  }

  test('is answered late and banned, and the customer at another address is let in', async () => {
    await using stage = await RelayUnderFire.start({
      hosts: {},
      lines: `odmr: { clearCramMd5: true, proxyProtocol: [127.0.0.1/32] }\n`,
      smtp: `, tarpit: { authFailureDelay: ${DELAY_MS}ms }`,
    })
    const customer: Credentials = customerOf(stage.cartero)
    let [guesses, banned] = [0, '']
    for (let visit = 0; visit < FAILURES && banned === ''; visit++) {
      using client = await from(stage, '192.0.2.66')
      const greeting = await client.reply()
      if (greeting.startsWith('421')) banned = greeting
      else guesses += await guess(client, customer, guesses)
    }
    assert.match(banned, /^421 4\.7\.0 /)
    assert.equal(guesses, FAILURES)
    using other = await from(stage, '192.0.2.67')
    assert.match(await other.reply(), /^220 /)
    await other.smtp('EHLO laptop.home.test')
    assert.match(await logIn(other, customer), /^235 /)
    assert.match(await other.smtp('ATRN'), /^453 /)
  })

  /** Until it is not asked any more; how often it was told that it was wrong. Each answer is later than the one before. */
  async function guess(client: LineClient, { address }: Credentials, from: number): Promise<number> {
    let failed = 0
    try {
      await client.smtp('EHLO guesser.test')
      for (;;) {
        const begun = performance.now()
        const answer = await logIn(client, { address, password: `guess ${from + failed}` })
        if (!answer.startsWith('535')) return failed
        failed++
        assert.ok(performance.now() - begun >= DELAY_MS * failed)
      }
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return failed
    }
  }
})
