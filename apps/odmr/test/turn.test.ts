// A connection that is turned around: the customer takes his mail as a server, whatever he can do.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TRANSACTIONS_IN_FLIGHT } from '@cartero/spool/dispatch'
import { Customer, type Script } from './customer.ts'
import { OdmrStage } from './odmr-stage.ts'

const ALL = ['PIPELINING', 'CHUNKING', '8BITMIME', 'SMTPUTF8', 'DSN', 'SIZE 1000000', 'REQUIRETLS']

describe('in a turn', () => {
  test('everything comes once, over the connection that asked, and then we leave', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(5)
    await stage.letter({ to: ['sales@shop.test'], text: 'Subject: 6\r\n\r\n.dot\r\n' })
    using customer = await stage.customer()
    const seen = await customer.fetch()
    assert.equal(seen.heard[0], 'EHLO mail.cartero.test')
    assert.equal(seen.heard.at(-1), 'QUIT')
    assert.equal(seen.heard.filter((line) => /^(?:STARTTLS|AUTH|HELO)/.test(line)).length, 0)
    assert.deepEqual(
      seen.taken.map(({ text }) => text),
      [...[1, 2, 3, 4, 5].map((n) => `Subject: ${n}\r\n\r\nhello\r\n`), 'Subject: 6\r\n\r\n.dot\r\n'],
    )
    await stage.until(() => stage.turns.isIdle)
    assert.deepEqual(await stage.waiting(), [])
    assert.deepEqual(stage.turns.endings, [{ kind: 'complete' }])
  })

  test('the spool is told who asked, and what was seen of the connection', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(2)
    using customer = await stage.customer()
    await customer.fetch()
    const [asked] = stage.turns.asked
    assert.deepEqual(
      [asked?.account, asked?.domains, asked?.peer],
      ['fetch@cartero.test', ['home.test', 'shop.test'], '127.0.0.1'],
    )
    assert.equal(asked?.sid, stage.told('auth.succeeded')[0]?.['sid'])
    const [first, second] = stage.turns.ends.map(({ facts }) => facts)
    assert.deepEqual([first?.host, first?.address], ['laptop.home.test', '127.0.0.1'])
    assert.match(first!.tls!, /^TLSv1\.3/)
    assert.deepEqual([first?.isReused, second?.isReused], [false, true])
  })

  for (const [what, open] of [
    ['after STARTTLS', (stage: OdmrStage) => Customer.connect(stage.port)],
    ['with TLS at once', (stage: OdmrStage) => Customer.connectTls(stage.tlsPort)],
  ] as const)
    test(`no second TLS is started ${what}, even when it is offered`, async () => {
      await using stage = await OdmrStage.open()
      await stage.letters(1)
      using customer = await open(stage)
      if (what === 'after STARTTLS') await customer.startTls()
      assert.match(await customer.logIn(), /^235 /)
      const seen = await customer.fetch({ offers: ['STARTTLS', 'PIPELINING'] })
      assert.equal(seen.taken.length, 1)
      assert.ok(!seen.heard.includes('STARTTLS'))
    })

  for (const [what, script] of [
    ['nothing but HELO', { EHLO: '502 5.5.1 what' }],
    ['no extension', {}],
    ['PIPELINING', { offers: ['PIPELINING'] }],
    ['CHUNKING', { offers: ['CHUNKING'] }],
    ['everything', { offers: ALL }],
  ] satisfies [string, Script][])
    test(`a customer who can do ${what} has all of his mail`, async () => {
      await using stage = await OdmrStage.open()
      const long = `Subject: long\r\n\r\n${'line\r\n'.repeat(100_000)}`
      await stage.letters(7)
      await stage.letter({ text: long })
      using customer = await stage.customer()
      const seen = await customer.fetch(script)
      assert.equal(seen.taken.length, 8)
      assert.ok(seen.taken.some(({ text }) => text === long))
      await stage.until(() => stage.turns.isIdle)
      assert.deepEqual(await stage.waiting(), [])
    })

  test('several messages are under way at once where the customer takes them so', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(6)
    using customer = await stage.customer()
    let mails = 0
    customer.line.socket.on('data', (octets: Buffer) => {
      mails += octets.toString('latin1').split('MAIL FROM').length - 1
    })
    const underWay: number[] = []
    await customer.fetch({
      offers: ['PIPELINING', 'CHUNKING'],
      atEnd: async () => {
        await stage.still()
        underWay.push(mails - underWay.length)
      },
    })
    assert.equal(underWay.length, 6)
    const most = Math.max(...underWay)
    assert.ok(most >= 2 && most <= TRANSACTIONS_IN_FLIGHT, underWay.join())
  })

  test('what the sender wished is told to a customer who knows of it, and only to him', async () => {
    await using stage = await OdmrStage.open()
    const wishes = { envelopeId: 'x1', return: 'headers', body: '8BITMIME', smtpUtf8: true } as const
    const text = 'Subject: gr\u00fc\u00dfe\r\n\r\nhello\r\n'
    await stage.letter({ ...wishes, text })
    using customer = await stage.customer()
    const { taken } = await customer.fetch({ offers: ALL })
    assert.match(taken[0]!.mail, /RET=HDRS/)
    assert.match(taken[0]!.mail, /ENVID=x1/)
    assert.match(taken[0]!.mail, /SMTPUTF8/)
    await stage.letter({ envelopeId: 'x2' })
    using plain = await stage.customer()
    const seen = await plain.fetch()
    assert.equal(seen.taken[0]!.mail, 'MAIL FROM:<alice@example.org>')
  })

  test('a message that must not leave TLS fails by itself where nobody promises that, and the rest comes', async () => {
    await using stage = await OdmrStage.open()
    await stage.letter({ requireTls: true })
    await stage.letters(2)
    using customer = await stage.customer()
    assert.equal((await customer.fetch()).taken.length, 2)
    const failed = stage.turns.ends.filter(({ results }) => results[0]!.kind === 'failed')
    assert.equal(failed.length, 1)
    assert.equal('status' in failed[0]!.results[0]! && failed[0]!.results[0].status, '5.7.30')
    await stage.letter({ requireTls: true })
    using careful = await stage.customer()
    const { taken } = await careful.fetch({ offers: ALL })
    assert.match(taken[0]!.mail, /REQUIRETLS/)
  })

  test('a message that is put off keeps no other waiting, and stays', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(4)
    using customer = await stage.customer()
    const seen = await customer.fetch({ end: ['250 ok', '452 4.2.2 full', '250 ok'] })
    assert.equal(seen.taken.length, 3)
    await stage.until(() => stage.turns.isIdle)
    assert.deepEqual(await stage.waiting(), ['deferred'])
    stage.clock.advance(60_000)
    using again = await stage.customer()
    assert.deepEqual(
      (await again.fetch()).taken.map(({ text }) => text),
      ['Subject: 2\r\n\r\nhello\r\n'],
    )
  })

  test('each recipient has an end of his own', async () => {
    await using stage = await OdmrStage.open()
    await stage.letter({ to: ['a@home.test', 'b@home.test', 'c@home.test'] })
    using customer = await stage.customer()
    await customer.fetch({ RCPT: ['250 ok', '550 5.1.1 unknown', '450 4.2.1 later'] })
    await stage.until(() => stage.turns.isIdle)
    const [{ results }] = stage.turns.ends as [(typeof stage.turns.ends)[number]]
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['relayed', 'failed', 'deferred'].map((kind) => (kind === 'relayed' ? results[0]!.kind : kind)),
    )
    const reasons = results.map((result) => ('reason' in result ? result.reason : ''))
    assert.match(reasons[1]!, /^laptop\.home\.test said to RCPT: 550 5\.1\.1 unknown/)
  })

  test('two customers have theirs at once, each his own', async () => {
    await using stage = await OdmrStage.open({ allowClearCramMd5: true })
    await stage.letters(3)
    await stage.letters(3, { to: ['tom@old.test'] })
    using one = await stage.customer()
    using other = await Customer.connect(stage.port)
    assert.match(await other.logInByCramMd5(undefined, 'old@cartero.test'), /^235 /)
    assert.match(await one.say('ATRN'), /^250 /)
    assert.match(await other.say('ATRN'), /^250 /)
    const [his, hers] = await Promise.all([one.serve(), other.serve()])
    assert.deepEqual([his.taken.length, hers.taken.length], [3, 3])
    assert.ok(his.taken.every(({ rcpt }) => rcpt[0] === 'RCPT TO:<tim@home.test>'))
    assert.ok(hers.taken.every(({ rcpt }) => rcpt[0] === 'RCPT TO:<tom@old.test>'))
  })

  test('nothing is read of any message before the connection is turned around and the customer is ready', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(1)
    const read = stage.content.read.bind(stage.content)
    let reads = 0
    stage.content.read = (...of) => {
      reads++
      return read(...of)
    }
    using customer = await stage.customer()
    assert.match(await customer.say('ATRN'), /^250 /)
    assert.equal(reads, 0)
    await customer.serve()
    assert.equal(reads, 1)
  })
})
