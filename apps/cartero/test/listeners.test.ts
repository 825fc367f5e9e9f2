// What the SMTP doors of a system offer that nobody has configured: all of it, and to whom.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

describe('the doors of a development system', () => {
  let system: CarteroProcess
  before(async () => {
    system = await CarteroProcess.start()
  })
  after(() => system[Symbol.asyncDispose]())

  test('mx: what strangers may ask for, and TLS', async () => {
    using client = await LineClient.connect(system.port(25))
    assert.match(await client.reply(), /^220 mail\.cartero\.test ESMTP Cartero\r\n$/)
    assert.deepEqual(await client.offered(), withMore(ALWAYS, 'HELP', 'STARTTLS'))
    assert.match(await client.smtp('STARTTLS'), /^220/)
    using secured = await client.secured()
    assert.deepEqual(
      await secured.offered(),
      withMore(ALWAYS, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS'),
    )
  })

  test('submission: login under TLS only, and more for who has logged in', async () => {
    using client = await LineClient.connect(system.port(587))
    await client.reply()
    assert.deepEqual(await client.offered(), withMore(ALWAYS, 'HELP', 'STARTTLS'))
    await client.smtp('STARTTLS')
    using secured = await client.secured()
    const underTls = withMore(ALWAYS, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS')
    assert.deepEqual(await secured.offered(), withMore(underTls, 'HELP', AUTH_ON_TLS))
    const { address, password } = system.account('alice')
    const words = Buffer.from(`\0${address}\0${password}`).toString('base64')
    assert.match(await secured.smtp(`AUTH PLAIN ${words}`), /^235/)
    const known = await secured.offered()
    assert.deepEqual(
      known.map((line) => line.replace(/^(FUTURERELEASE 2592000) \d{4}-.*Z$/, '$1')),
      withMore(withMore(underTls, 'MT-PRIORITY', 'FUTURERELEASE 2592000'), 'HELP', 'ETRN'),
    )
  })

  test('submissions: as under STARTTLS, from the first word on', async () => {
    using client = await LineClient.connectTls(system.port(465))
    await client.reply()
    const underTls = withMore(ALWAYS, 'LIMITS MAILMAX=10000 RCPTMAX=1000', 'REQUIRETLS')
    assert.deepEqual(await client.offered(), withMore(underTls, 'HELP', AUTH_ON_TLS))
  })
})

/** What is not offered always, nor to everybody. */
const SOMETIMES =
  'STARTTLS AUTH REQUIRETLS FUTURERELEASE NO-SOLICITING VRFY EXPN ETRN SEND SOML SAML XCLIENT XFORWARD'.split(
    ' ',
  )

const EVERYTHING = `smtp:
  verify: authenticated
  expand: authenticated
  obsolete_verbs: true
  refuse_solicitations: [net.example:ADV]
  proxies: [127.0.0.1]
  etrn: { allow: [{ for: branch.example, networks: 127.0.0.1 }] }
`

describe('the doors of a system on which everything is switched on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cartero-doors-'))
  let system: CarteroProcess
  before(async () => {
    writeFileSync(join(folder, 'cartero.yaml'), EVERYTHING)
    system = await CarteroProcess.start({ args: ['--config', join(folder, 'cartero.yaml')] })
  })
  after(async () => {
    await system[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  const keywords = (lines: readonly string[]): string[] => lines.slice(1).map((line) => line.split(' ')[0]!)

  const EXTENSIONS = [...keywords(ALWAYS), ...SOMETIMES]

  /** What a door offers in the clear and under TLS. */
  async function offered(port: number): Promise<{ seen: ReadonlySet<string>; secured: LineClient }> {
    const client = await LineClient.connect(port)
    await client.reply()
    const inTheClear = keywords(await client.offered())
    assert.match(await client.smtp('STARTTLS'), /^220/)
    const secured = await client.secured()
    return { seen: new Set([...inTheClear, ...keywords(await secured.offered())]), secured }
  }

  test('submission leaves out no extension that there is', async () => {
    const { seen, secured } = await offered(system.port(587))
    const { address, password } = system.account('alice')
    const words = Buffer.from(`\0${address}\0${password}`).toString('base64')
    assert.match(await secured.smtp(`AUTH PLAIN ${words}`), /^235/)
    const all = new Set([...seen, ...keywords(await secured.offered())])
    secured[Symbol.dispose]()
    assert.deepEqual([...all].toSorted(), EXTENSIONS.toSorted())
  })

  // RFC 5321 §3.5.3, RFC 5321 §7.3
  test('who is here is told to who has logged in, and neither confirmed nor denied to others', async () => {
    using client = await LineClient.connectTls(system.port(465))
    await client.reply()
    await client.offered()
    for (const question of ['VRFY bob@cartero.test', 'VRFY nobody', 'EXPN postmaster@cartero.test'])
      assert.match(await client.smtp(question), /^(?:252 2\.1\.5|530 5\.7\.0)/)
    const { address, password } = system.account('alice')
    const words = Buffer.from(`\0${address}\0${password}`).toString('base64')
    assert.match(await client.smtp(`AUTH PLAIN ${words}`), /^235/)
    assert.equal(await client.smtp('VRFY bob@cartero.test'), '250 2.1.5 <bob@cartero.test>\r\n')
    assert.match(await client.smtp('VRFY nobody'), /^550 5\.1\.1/)
    assert.equal(await client.smtp('EXPN postmaster@cartero.test'), `250 2.1.5 <${address}>\r\n`)
    await client.offered()
    assert.match(await client.smtp(`MAIL FROM:<${address}> SOLICIT=net.example:ADV`), /^550 5\.7\.1/)
  })

  // Strangers have no account here, and have nothing kept back.
  test('mx leaves out nothing but what is for users', async () => {
    const { seen, secured } = await offered(system.port(25))
    secured[Symbol.dispose]()
    const forUsers = ['AUTH', 'FUTURERELEASE']
    const others = EXTENSIONS.filter((keyword) => !forUsers.includes(keyword))
    assert.deepEqual([...seen].toSorted(), others.toSorted())
  })
})
