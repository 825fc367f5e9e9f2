// What the provider says, word for word, until a connection is turned around.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { SpoolError } from '@cartero/spool'
import { Customer } from './customer.ts'
import { NOBODY, OdmrStage } from './odmr-stage.ts'

const stage = await OdmrStage.open({ isTurnAllowed: true })
const { port, tlsPort } = stage
after(() => stage[Symbol.asyncDispose]())

const BUSY = /^451 4\.3\.0 /
const NO_MAIL = /^453 4\.\d\.\d You have no mail/

describe('a customer is told', () => {
  test('what there is to be had, and under TLS how to log in', async () => {
    using customer = await Customer.connect(port)
    const clear = await customer.say('EHLO laptop.home.test')
    assert.match(clear, /^250[ -]STARTTLS\r$/m)
    assert.doesNotMatch(clear, /AUTH/)
    await customer.startTls()
    const secured = await customer.say('EHLO laptop.home.test')
    assert.match(secured, /^250[ -]AUTH SCRAM-SHA-256-PLUS .*PLAIN LOGIN CRAM-MD5\r$/m)
    assert.match(secured, /^250[ -]ATRN\r$/m)
    assert.doesNotMatch(secured, /STARTTLS|SIZE|DSN|CHUNKING/)
  })

  test('530 before TLS, and 530 before a login', async () => {
    using customer = await Customer.connect(port)
    assert.match(await customer.say('ATRN home.test'), /^530 5\.7\.0 .*STARTTLS/)
    assert.match(await customer.say('AUTH PLAIN AGEAYg=='), /^530 5\.7\.0 .*STARTTLS/)
    await customer.startTls()
    assert.match(await customer.say('ATRN home.test'), /^530 5\.7\.0 Authentication required/)
    assert.match(await customer.say('TURN'), /^530 5\.7\.0 Authentication required/)
  })

  test('500, 501, 502 and 503 for what is no word of this protocol, or said wrongly, or out of place', async () => {
    using customer = await stage.customer()
    assert.match(await customer.say('FETCH home.test'), /^500 /)
    assert.match(await customer.say('ATRN home test'), /^501 5\.5\.4 /)
    assert.match(await customer.say('AUTH PLAIN AGEAYg=='), /^503 /)
    for (const line of ['MAIL FROM:<>', 'RCPT TO:<tim@home.test>', 'DATA', 'VRFY tim', 'ETRN home.test'])
      assert.match(await customer.say(line), /^502 5\.5\.1 /, line)
    assert.match(await customer.say('NOOP'), /^250 /)
    assert.match(await customer.say('QUIT'), /^221 /)
    const { line } = customer
    await line.closed()
    using early = await Customer.connectTls(tlsPort)
    assert.match(await early.say('RSET'), /^250 /)
  })

  test('450 for the whole request when one domain is not his, and nothing of the others', async () => {
    await stage.letter()
    using customer = await stage.customer()
    const asked = stage.turns.asked.length
    for (const domains of ['example.org', 'home.test,example.org', 'home.test,old.test', 'home.tes'])
      assert.match(await customer.say(`ATRN ${domains}`), /^450 4\.7\.\d /, domains)
    assert.equal(stage.turns.asked.length, asked, 'the spool is not even asked')
    assert.deepEqual(await stage.waiting(), ['ready'])
    assert.equal((await customer.fetch()).taken.length, 1, 'the session goes on')
  })

  test('450 when there is no domain for which he comes', async () => {
    using customer = await Customer.connectTls(tlsPort)
    assert.match(await customer.logIn(undefined, NOBODY), /^235 /)
    assert.match(await customer.say('ATRN'), /^450 4\.7\.\d /)
    assert.match(await customer.say('QUIT'), /^221 /)
    assert.match(String(stage.told('message.rejected').at(-1)?.['reason']), /comes for the mail of no domain/)
  })

  test('453 when no mail is there, as often as he asks, and the log is not', async () => {
    using customer = await stage.customer()
    const told = stage.lines.length
    assert.match(await customer.say('ATRN'), NO_MAIL)
    assert.match(await customer.say('atrn HOME.test, shop.test'), NO_MAIL)
    assert.deepEqual(stage.turns.asked.at(-1)?.domains, ['home.test', 'shop.test'])
    assert.equal(stage.lines.length, told)
    await stage.letter()
    assert.equal((await customer.fetch({}, 'ATRN home.test')).taken.length, 1)
  })

  test('453 for the domain he names, whatever waits for another of his', async () => {
    await stage.letter({ to: ['sales@shop.test'] })
    using customer = await stage.customer()
    assert.match(await customer.say('ATRN home.test'), NO_MAIL)
    assert.equal((await customer.fetch({}, 'ATRN shop.test')).taken.length, 1)
  })

  test('451 while another connection of his has the turn, and 250 after it', async () => {
    await stage.letters(2)
    using first = await stage.customer()
    using second = await stage.customer()
    assert.match(await first.say('ATRN home.test'), /^250 /)
    assert.match(await second.say('ATRN'), BUSY)
    assert.match(await second.say('ATRN home.test'), BUSY)
    assert.match(await second.say('ATRN shop.test'), NO_MAIL)
    assert.equal((await first.serve()).taken.length, 2)
    await stage.letter()
    await stage.until(() => stage.turns.isIdle)
    assert.equal((await second.fetch()).taken.length, 1)
  })

  test('451 when the spool or the directory cannot tell now, and the log knows why', async () => {
    await stage.letter()
    using customer = await stage.customer()
    stage.turns.before = () => Promise.reject(new SpoolError('unavailable', 'the disk is gone'))
    assert.match(await customer.say('ATRN'), /^451 4\.3\.0 /)
    assert.match(String(stage.told('message.rejected').at(-1)?.['reason']), /the disk is gone/)
    stage.turns.before = () => Promise.resolve()
    const { CollectedDomains } = stage.directory
    stage.directory.CollectedDomains = () => Promise.reject(new Error('the directory is gone'))
    assert.match(await customer.say('ATRN'), /^451 4\.3\.0 /)
    stage.directory.CollectedDomains = CollectedDomains
    assert.equal((await customer.fetch()).taken.length, 1)
  })

  test('451 when the spool takes too long, and whatever it says later is not lost', async () => {
    await stage.letter()
    using customer = await stage.customer()
    stage.turns.before = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    assert.match(await stage.during(customer.say('ATRN')), /^451 4\.3\.0 /)
    assert.equal(stage.told('odmr.bug').length, 0)
    stage.turns.before = () => Promise.resolve()
    assert.equal((await customer.fetch()).taken.length, 1)
  })

  test('421 when he asks again and again', async () => {
    using customer = await stage.customer()
    for (let n = 0; n < 10; n++) assert.match(await customer.say('ATRN'), NO_MAIL)
    assert.match(await customer.say('ATRN'), /^421 /)
    await customer.line.closed()
  })

  test('TURN is as ATRN without domains', async () => {
    await stage.letter({ to: ['sales@shop.test'] })
    using customer = await stage.customer()
    assert.match(await customer.say('TURN home.test'), /^501 /)
    assert.equal((await customer.fetch({}, 'TURN')).taken.length, 1)
  })

  test('502 for TURN, where the operator has not allowed it', async () => {
    await using strict = await OdmrStage.open()
    using customer = await strict.customer()
    assert.match(await customer.say('TURN'), /^502 5\.5\.1 /)
    assert.doesNotMatch(await customer.say('EHLO laptop.home.test'), /TURN/)
  })
})

describe('what a request says is data', () => {
  for (const argument of [
    '*',
    '%',
    "home.test' OR '1'='1",
    'home.test;shop.test',
    '@home.test',
    '#home.test',
    'home.test,',
    ',',
    '.home.test',
    'home..test',
    '[127.0.0.1]',
    '<home.test>',
    'odmr home.test',
    '../home.test',
    'home.test\\0',
    '-home.test',
    `${'a'.repeat(64)}.test`,
    `${'a.'.repeat(200)}test`,
  ])
    test(`and ${argument.slice(0, 24)} is nobody's domain`, async () => {
      await stage.letter()
      using customer = await stage.customer()
      const asked = stage.turns.asked.length
      assert.match(await customer.say(`ATRN ${argument}`), /^(?:501 5\.5\.4|450 4\.7\.\d) /)
      assert.equal(stage.turns.asked.length, asked)
      assert.equal((await customer.fetch()).taken.length, 1)
    })

  test('and a thousand domains are too many', async () => {
    using customer = await stage.customer()
    assert.match(await customer.say(`ATRN ${'home.test,'.repeat(1_000)}home.test`), /^500 /)
    const many = Array.from({ length: 101 }, (_, n) => `${n}.test`).join()
    assert.match(await customer.say(`ATRN ${many}`), /^501 /)
  })

  test('and what stands behind it is nobody’s message', async () => {
    await stage.letter()
    using customer = await stage.customer()
    customer.line.write('ATRN\r\n220 home.test\r\n')
    assert.match(await customer.line.reply(), /^503 /)
    await customer.line.closed()
    assert.deepEqual(await stage.waiting(), ['ready'])
    using next = await stage.customer()
    assert.equal((await next.fetch()).taken.length, 1)
  })
})

test('requests are counted by their replies, and sessions by themselves', async () => {
  await using counting = await OdmrStage.open()
  await counting.letter()
  using customer = await counting.customer()
  await customer.say('ATRN example.org')
  await customer.fetch()
  await counting.until(() => counting.turns.isIdle)
  using other = await counting.customer()
  await other.say('ATRN')
  assert.deepEqual(await counting.counted('cartero_odmr_'), [
    'cartero_odmr_sessions_total 2',
    'cartero_odmr_authentications_total{outcome="success"} 2',
    'cartero_odmr_requests_total{reply="250"} 1',
    'cartero_odmr_requests_total{reply="450"} 1',
    'cartero_odmr_requests_total{reply="453"} 1',
    'cartero_odmr_turns_total{ending="complete"} 1',
    'cartero_odmr_rejections_total{at="command"} 1',
  ])
})
