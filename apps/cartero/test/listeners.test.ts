// What the SMTP doors of a system offer that nobody has configured: all of it, and to whom.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, LineClient } from '@cartero/testkit'

const ALWAYS = [
  'mail.cartero.test',
  'PIPELINING',
  'SIZE 50000000',
  '8BITMIME',
  'SMTPUTF8',
  'ENHANCEDSTATUSCODES',
  'CHUNKING',
  'BINARYMIME',
  'DSN',
  'DELIVERBY',
  'MT-PRIORITY',
  'LIMITS MAILMAX=10000 RCPTMAX=1000',
  'HELP',
]
const AUTH_ON_TLS = 'AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN'

/** The list with `more` in front of `at`. */
function withMore(list: readonly string[], at: string, ...more: string[]): string[] {
  return list.flatMap((line) => (line === at ? [...more, line] : [line]))
}

async function ehlo(client: LineClient): Promise<readonly string[]> {
  const reply = await client.smtp('EHLO client.test')
  return reply
    .trimEnd()
    .split('\r\n')
    .map((line) => line.slice(4))
}

describe('the doors of a development system', () => {
  let system: CarteroProcess
  before(async () => {
    system = await CarteroProcess.start()
  })
  after(() => system[Symbol.asyncDispose]())

  test('mx: what strangers may ask for, and TLS', async () => {
    using client = await LineClient.connect(system.port(25))
    assert.match(await client.reply(), /^220 mail\.cartero\.test ESMTP Cartero\r\n$/)
    assert.deepEqual(await ehlo(client), withMore(ALWAYS, 'HELP', 'STARTTLS'))
    assert.match(await client.smtp('STARTTLS'), /^220/)
    using secured = await client.secured()
    assert.deepEqual(await ehlo(secured), withMore(ALWAYS, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS'))
  })

  test('submission: login under TLS only, and more for who has logged in', async () => {
    using client = await LineClient.connect(system.port(587))
    await client.reply()
    assert.deepEqual(await ehlo(client), withMore(ALWAYS, 'HELP', 'STARTTLS'))
    await client.smtp('STARTTLS')
    using secured = await client.secured()
    const underTls = withMore(ALWAYS, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS')
    assert.deepEqual(await ehlo(secured), withMore(underTls, 'HELP', AUTH_ON_TLS))
    const { address, password } = system.account('alice')
    const words = Buffer.from(`\0${address}\0${password}`).toString('base64')
    assert.match(await secured.smtp(`AUTH PLAIN ${words}`), /^235/)
    const known = await ehlo(secured)
    assert.deepEqual(
      known.map((line) => line.replace(/^(FUTURERELEASE 2592000) \d{4}-.*Z$/, '$1')),
      withMore(underTls, 'MT-PRIORITY', 'FUTURERELEASE 2592000'),
    )
  })

  test('submissions: as under STARTTLS, from the first word on', async () => {
    using client = await LineClient.connectTls(system.port(465))
    await client.reply()
    const underTls = withMore(ALWAYS, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS')
    assert.deepEqual(await ehlo(client), withMore(underTls, 'HELP', AUTH_ON_TLS))
  })
})
