// Mail over a connection that we made to a provider, who became the client.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LIMITS } from '@cartero/smtp/server'
import { RefusalLists } from '@cartero/spool/reception'
import { NetworkSet, parseNetwork } from '@cartero/wire'
import { MxStage, send } from './mx-stage.ts'

const loopback = parseNetwork('127.0.0.0/8')!
const LETTER = 'Subject: x\r\n\r\nx\r\n'

describe('a provider who gives us our mail', () => {
  test('is greeted, and is heard as any host is', async () => {
    await using stage = await MxStage.open()
    using provider = await stage.provider()
    assert.match(await provider.reply(), /^220 mx\.cartero\.test /)
    const offers = await provider.smtp('EHLO provider.test')
    assert.match(offers, /^250-PIPELINING\r$/m)
    // TLS is there from before the turn, or is not.
    assert.doesNotMatch(offers, /STARTTLS/)
    assert.match(await send(provider, LETTER), /^250 2\.6\.0 /)
    const { envelope } = await stage.kept()
    assert.deepEqual(envelope.recipients, [{ address: 'bob@cartero.test' }])
  })

  test('may send to us and to nobody else, wherever he is and whoever he says he is', async () => {
    const networks = new NetworkSet([loopback])
    await using stage = await MxStage.open({ relayNetworks: networks, proxies: networks, routesOut: true })
    using provider = await stage.provider()
    await provider.reply()
    assert.doesNotMatch(await provider.smtp('EHLO provider.test'), /XCLIENT|ETRN/)
    await provider.smtp('MAIL FROM:<s@elsewhere.test>')
    assert.match(await provider.smtp('RCPT TO:<anybody@else.test>'), /^550 5\.7\.1 /)
    assert.match(await provider.smtp('RCPT TO:<bob@cartero.test>'), /^250 /)
    using neighbour = await stage.client()
    await neighbour.smtp('MAIL FROM:<s@elsewhere.test>')
    assert.match(await neighbour.smtp('RCPT TO:<anybody@else.test>'), /^250 /)
  })

  test('is not turned away for what is refused of hosts that call us, and his senders are', async () => {
    const refuse = new RefusalLists({
      networks: [{ network: loopback, severity: 'permanent' }],
      helo: [{ name: 'provider.test', severity: 'permanent' }],
      senders: [{ name: 'spam.test', severity: 'permanent' }],
    })
    const rates = { connectionsPerMinute: 1, messagesPerMinute: 1, recipientsPerMinute: 1 }
    const senderDomains = { look: () => Promise.reject(new Error('it is not asked')) }
    await using stage = await MxStage.open(
      { refuse, rates, acceptNoMail: true, onlyFrom: new NetworkSet() },
      { senderDomains, door: { earlyTalkers: 'refuse' } },
    )
    using stranger = await stage.connect()
    stage.clock.advance(DEFAULT_LIMITS.greetingDelay)
    assert.match(await stranger.reply(), /^5/)
    for (let visit = 0; visit < 3; visit++) {
      using provider = await stage.provider()
      // The clock stands still: a greeting that is delayed would not come.
      assert.match(await provider.reply(), /^220 /)
      assert.match(await provider.smtp('EHLO provider.test'), /^250/)
      assert.match(await send(provider, LETTER), /^250 /)
      assert.match(await send(provider, LETTER), /^250 /)
      assert.match(await provider.smtp('MAIL FROM:<eve@spam.test>'), /^5/)
    }
  })

  test('is neither slowed down nor sent away for the mail of weeks, many of it for nobody', async () => {
    const limits = { refusedRecipients: 5, softErrors: 3, transactions: 2, commands: 50 }
    await using stage = await MxStage.open({}, { settings: { limits } })
    using provider = await stage.provider()
    await provider.reply()
    await provider.smtp('EHLO provider.test')
    await provider.smtp('MAIL FROM:<s@elsewhere.test>')
    // The clock stands still: an answer that waits would not come.
    for (let n = 0; n < 100; n++)
      assert.match(await provider.smtp(`RCPT TO:<user${n}@cartero.test>`), /^550 5\.1\.1 /)
    await provider.smtp('RSET')
    for (let n = 0; n < 5; n++) assert.match(await send(provider, LETTER), /^250 /)
  })
})
