// Who comes through a proxy that does not say for whom it speaks has none of the rights of the proxy.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UNTOLD } from '@cartero/testkit'
import { networks } from '@cartero/testkit/edge'
import { MxStage } from './mx-stage.ts'

const trusted = networks('127.0.0.0/8', '::1')

for (const [name, header] of Object.entries(UNTOLD))
  describe(`a client of whom the proxy says ${name}`, () => {
    test('does not relay, nor push in front, nor say for whom it speaks', async () => {
      await using stage = await MxStage.open(
        { proxies: trusted, relayNetworks: trusted, routesOut: true },
        { settings: { proxyProtocol: ['127.0.0.1'] } },
      )
      using client = await stage.connect()
      client.write(header)
      assert.match(await client.reply(), /^220 /)
      assert.doesNotMatch(await client.smtp('EHLO client.test'), /XCLIENT|XFORWARD/)
      assert.match(await client.smtp('XCLIENT ADDR=127.0.0.1'), /^5/)
      assert.match(await client.smtp('MAIL FROM:<s@elsewhere.test> MT-PRIORITY=4'), /^250 \S+ 0 /)
      assert.match(await client.smtp('RCPT TO:<friend@elsewhere.test>'), /^550 5\.7\.1/)
      assert.match(await client.smtp('RCPT TO:<bob@cartero.test>'), /^250/)
    })
  })
