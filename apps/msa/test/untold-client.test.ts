// Who comes through a proxy that does not say for whom it speaks has none of the rights of the proxy, nor of this machine.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MsaSettings } from '@cartero/msa-agent/agent'
import { LineClient, UNTOLD } from '@cartero/testkit'
import { ALICE, LoginStage } from './login-stage.ts'
import { networks } from '@cartero/testkit/edge'
import { MsaStage } from './msa-stage.ts'

const trusted = networks('127.0.0.0/8', '::1')

async function behindProxy(header: Buffer, policy: MsaSettings['policy'], allowPlaintextAuth = false) {
  const settings = { proxyProtocol: ['127.0.0.1'], allowPlaintextAuth, policy: policy ?? {} }
  const stack = new AsyncDisposableStack()
  const stage = stack.use(await MsaStage.open(settings))
  const client = stack.use(await LineClient.connect(stage.submission))
  client.write(header)
  const greeting = await client.reply()
  return { client, greeting, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

for (const [name, header] of Object.entries(UNTOLD))
  describe(`a client of whom the proxy says ${name}`, () => {
    test('does not send without login, nor say for whom it speaks', async () => {
      await using door = await behindProxy(header, { relayNetworks: trusted, proxies: trusted })
      await door.client.smtp('EHLO client.test')
      assert.match(await door.client.smtp('MAIL FROM:<alice@cartero.test>'), /^530 5\.7\.0/)
      await door.client.smtp('STARTTLS')
      using secured = await door.client.secured()
      assert.doesNotMatch(await secured.smtp('EHLO client.test'), /XCLIENT|XFORWARD/)
      assert.match(await secured.smtp('XCLIENT ADDR=127.0.0.1'), /^5/)
      assert.match(await secured.smtp('MAIL FROM:<alice@cartero.test>'), /^530 5\.7\.0/)
    })

    test('is not within the networks that submission is for', async () => {
      await using door = await behindProxy(header, { onlyFrom: trusted })
      assert.match(door.greeting, /^554 5\.3\.2/)
    })

    test('says no password in the clear', async () => {
      await using door = await behindProxy(header, {}, true)
      assert.doesNotMatch(await door.client.smtp('EHLO client.test'), /AUTH[^\r]* (PLAIN|LOGIN)/)
      const words = Buffer.from('\0alice@cartero.test\0alice words').toString('base64')
      assert.match(await door.client.smtp(`AUTH PLAIN ${words}`), /^5/)
    })

    test('is banned for guessing, as nobody on this machine would be', async () => {
      await using stage = await LoginStage.open()
      const plain = await LineClient.connect(stage.proxied)
      plain.write(header)
      await plain.reply()
      await plain.smtp('EHLO client.test')
      await plain.smtp('STARTTLS')
      using client = await plain.secured()
      await client.smtp('EHLO client.test')
      for (let n = 0; n < stage.bans.limits.failures; n++) {
        const words = Buffer.from(`\0${ALICE}\0guess ${n}`).toString('base64')
        assert.match(await client.smtp(`AUTH PLAIN ${words}`), /^535/)
      }
      assert.deepEqual(
        stage.bans.list().map(({ peer }) => peer),
        ['unknown'],
      )
      using again = await LineClient.connect(stage.proxied)
      again.write(header)
      assert.match(await again.reply(), /^421 4\.7\.0 /)
    })
  })
