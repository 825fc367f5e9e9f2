// What is borne with at the doors, and for how long.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ODMR_LIMITS } from '@cartero/odmr-agent/agent'
import { LineClient } from '@cartero/testkit'
import { Customer } from './customer.ts'
import { OdmrStage } from './odmr-stage.ts'

const PROXIED = { proxyProtocol: ['127.0.0.0/8'] }

describe('a door', () => {
  test('has room for twenty connections from one address, and for others beside them', async () => {
    await using stage = await OdmrStage.open(PROXIED)
    using clients = new DisposableStack()
    const greeting = async (address: string): Promise<string> => {
      const client = clients.use(await LineClient.connect(stage.port))
      client.write(`PROXY TCP4 ${address} 127.0.0.1 4711 366\r\n`)
      return client.reply()
    }
    for (let n = 0; n < ODMR_LIMITS.connectionsPerAddress; n++)
      assert.match(await greeting('192.0.2.1'), /^220 /)
    assert.match(await greeting('192.0.2.1'), /^421 /)
    assert.match(await greeting('192.0.2.2'), /^220 /)
  })

  test('has room for as many as it is told', async () => {
    await using stage = await OdmrStage.open({ maxConnections: 1 })
    using first = await Customer.connect(stage.port)
    using second = await LineClient.connect(stage.port)
    await second.closed()
    assert.match(await first.say('NOOP'), /^250 /)
  })

  test('is closed to who says nothing for five minutes', async () => {
    await using stage = await OdmrStage.open()
    using customer = await Customer.connect(stage.port)
    stage.clock.advance(298_000)
    await stage.still()
    assert.match(await customer.say('NOOP'), /^250 /)
    stage.clock.advance(302_000)
    assert.match(await customer.line.reply(), /^421 /)
  })

  test('is closed to who is there for a quarter of an hour without a turn, and to nobody in a turn', async () => {
    await using stage = await OdmrStage.open()
    await stage.letters(3)
    using idle = await stage.customer()
    using turned = await stage.customer()
    assert.match(await turned.say('ATRN'), /^250 /)
    for (const answer of ['220 home.test', '250 home.test', '250 ok']) {
      turned.line.write(`${answer}\r\n`)
      await turned.line.expect(/^.*\r\n/)
      stage.clock.advance(299_000)
      await stage.still()
      assert.match(await idle.say('NOOP'), /^250 /)
    }
    stage.clock.advance(5_000)
    assert.match(await idle.line.reply(), /^421 /)
    assert.equal(stage.turns.isIdle, false)
  })

  test('is closed to who says twenty things that lead to no mail', async () => {
    await using stage = await OdmrStage.open()
    using customer = await Customer.connect(stage.port)
    for (let n = 0; n < 20; n++) assert.match(await customer.say('NOOP'), /^250 /)
    customer.line.write('NOOP\r\n')
    await customer.line.expect(/^421 .*\r\n/m)
    await customer.line.closed()
  })
})

test('a process that leaves waits for the spool to note how a turn ended, and not for ever', async () => {
  await using stage = await OdmrStage.open()
  await stage.letters(1)
  const noted = Promise.withResolvers<void>()
  stage.turns.noted = noted.promise
  using customer = await stage.customer()
  await customer.fetch()
  let hasLeft = false
  const leaving = stage.drain(AbortSignal.abort()).then(() => (hasLeft = true))
  await stage.still()
  assert.equal(hasLeft, false)
  stage.clock.advance(ODMR_LIMITS.parting)
  await leaving
  noted.resolve()
})
