// Who may come for mail, by which proof, and who is turned away.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LineClient } from '@cartero/testkit'
import { ACCOUNT, Customer } from './customer.ts'
import { OdmrStage, OLD } from './odmr-stage.ts'

describe('CRAM-MD5 without TLS', () => {
  test('is not there unless the operator allows it', async () => {
    await using stage = await OdmrStage.open()
    using customer = await Customer.connect(stage.port)
    assert.doesNotMatch(await customer.say('EHLO laptop.home.test'), /AUTH/)
    assert.match(await customer.say('AUTH CRAM-MD5'), /^530 /)
  })

  test('is the only mechanism then, for accounts that may use it so, and each login is a warning', async () => {
    await using stage = await OdmrStage.open({ allowClearCramMd5: true })
    await stage.letter({ to: ['tom@old.test'] })
    using customer = await Customer.connect(stage.port)
    const offer = await customer.say('EHLO laptop.home.test')
    assert.match(offer, /^250[ -]AUTH CRAM-MD5\r$/m)
    assert.match(offer, /^250[ -]ATRN\r$/m)
    assert.match(offer, /^250[ -]STARTTLS\r$/m)
    for (const mechanism of ['PLAIN AGEAYg==', 'LOGIN', 'SCRAM-SHA-256'])
      assert.match(await customer.say(`AUTH ${mechanism}`), /^504 /)
    assert.match(await customer.say('ATRN old.test'), /^530 5\.7\.0 Authentication required/)
    assert.match(await customer.logInByCramMd5(undefined, OLD), /^235 /)
    const [warning] = stage.told('auth.unprotected')
    assert.deepEqual([warning?.['level'], warning?.['account']], ['warn', OLD])
    const { taken } = await customer.fetch({ offers: ['STARTTLS'] }, 'ATRN old.test')
    assert.equal(taken.length, 1)
  })

  test('is refused to others, as a wrong password is', async () => {
    await using stage = await OdmrStage.open({ allowClearCramMd5: true })
    using customer = await Customer.connect(stage.port)
    const refused = await customer.logInByCramMd5(undefined, ACCOUNT)
    assert.match(refused, /^535 5\.7\.8/)
    assert.equal(await customer.logInByCramMd5('wrong', OLD), refused)
    assert.match(await customer.say('ATRN home.test'), /^(?:530|421) /)
    assert.equal(stage.told('auth.unprotected').length, 0)
  })

  test('is forgotten when TLS comes after it', async () => {
    await using stage = await OdmrStage.open({ allowClearCramMd5: true })
    using customer = await Customer.connect(stage.port)
    assert.match(await customer.logInByCramMd5(undefined, OLD), /^235 /)
    await customer.startTls()
    assert.match(await customer.say('ATRN'), /^530 /)
  })

  test('under TLS is there for whoever has a secret that can be read again, and is no warning', async () => {
    await using stage = await OdmrStage.open()
    using customer = await Customer.connectTls(stage.tlsPort)
    assert.match(await customer.logInByCramMd5(), /^235 /)
    assert.equal(stage.told('auth.unprotected').length, 0)
    assert.equal(stage.told('auth.succeeded').length, 1)
  })

  test('is no way to TURN', async () => {
    await using stage = await OdmrStage.open({ allowClearCramMd5: true, isTurnAllowed: true })
    await stage.letter({ to: ['tom@old.test'] })
    using customer = await Customer.connect(stage.port)
    assert.match(await customer.logInByCramMd5(undefined, OLD), /^235 /)
    assert.match(await customer.say('TURN'), /^530 /)
  })
})

describe('whoever guesses', () => {
  /** As a proxy says whom it speaks for. */
  async function from(stage: OdmrStage, address: string): Promise<LineClient> {
    const client = await LineClient.connect(stage.port)
    client.write(`PROXY TCP4 ${address} 127.0.0.1 4711 366\r\n`)
    return client
  }

  test('is banned at the doors, and nobody else is', async () => {
    const limits = { authFailures: 100 }
    await using stage = await OdmrStage.open({
      bans: { failures: 3 },
      limits,
      allowClearCramMd5: true,
      proxyProtocol: ['127.0.0.0/8'],
    })
    using guesser = await from(stage, '192.0.2.66')
    assert.match(await guesser.reply(), /^220 /)
    await guesser.smtp('EHLO guesser.test')
    for (let n = 0; n < 3; n++) {
      assert.match(await guesser.smtp('AUTH CRAM-MD5'), /^334 /)
      const guess = Buffer.from(`${OLD} ${String(n).repeat(32)}`).toString('base64')
      assert.match(await guesser.smtp(guess), /^535 /)
    }
    assert.match(await guesser.smtp('AUTH CRAM-MD5'), /^454 4\.7\.0/)
    using again = await from(stage, '192.0.2.66')
    assert.match(await again.reply(), /^421 4\.7\.0 /)
    assert.match(String(stage.told('session.rejected').at(-1)?.['reason']), /banned/)
    using other = await from(stage, '192.0.2.67')
    assert.match(await other.reply(), /^220 /)
  })

  test('has three guesses in one connection', async () => {
    await using stage = await OdmrStage.open()
    using customer = await Customer.connectTls(stage.tlsPort)
    for (let n = 0; n < 3; n++) assert.match(await customer.logIn(`guess ${n}`), /^535 /)
    await customer.line.closed()
    assert.equal(stage.told('auth.failed').length, 3)
    assert.equal(stage.told('auth.failed')[0]?.['login'], ACCOUNT)
  })
})

describe('a door with TLS at once', () => {
  test('says each line of a reply in a TLS record of its own, where it is told to', async () => {
    for (const lineRecords of [false, true]) {
      await using stage = await OdmrStage.open({ lineRecords })
      using customer = await Customer.connectTls(stage.tlsPort)
      let records = 0
      customer.line.socket.on('data', () => records++)
      const lines = (await customer.say('EHLO laptop.home.test')).trimEnd().split('\r\n')
      assert.equal(records, lineRecords ? lines.length : 1)
    }
  })
})
