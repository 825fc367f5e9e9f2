// fetchmail as customer of a development system as it is started by everybody: it takes what waits for home.test, octet for octet,
// into a Postfix of its own. Mail came in by the MX port and by submission.
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess, command, freePortBase, lacks } from '@cartero/testkit'
import { createTransport } from 'nodemailer'
import { copiesAt, manyLines, SPOILABLE, text, type LetterText } from './letters.ts'
import type { Peer } from './peer.ts'
import { startPostfix } from './postfix.ts'

const HOST = '127.0.0.1'
const absent = lacks('fetchmail', 'fetchmail') || lacks('postfix', 'postfix')

interface Customer {
  readonly domain: string
  readonly address: string
  readonly password: string
}

describe('fetchmail as customer', { skip: absent, timeout: 120_000 }, () => {
  let cartero: CarteroProcess
  let customer: Customer
  let folder: string
  let home: Peer

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cartero-on-demand-'))
    chmodSync(folder, 0o755)
    const base = await freePortBase()
    cartero = await CarteroProcess.start({ base })
    const credentials = readFileSync(join(cartero.data, 'credentials.json'), 'utf8')
    customer = (JSON.parse(credentials) as { odmr: Customer[] }).odmr[0]!
    home = await startPostfix({
      folder: join(folder, 'postfix'),
      port: base + 1_025,
      domain: customer.domain,
      next: { port: 9 },
    })
  })
  after(async () => {
    await home?.[Symbol.asyncDispose]()
    await cartero?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  async function fetchmail(): Promise<{ readonly code: number | null; readonly said: string }> {
    const rc = join(folder, 'fetchmailrc')
    const { address, password, domain } = customer
    const server = `poll ${HOST} protocol ODMR service ${cartero.port(366)}`
    const user = `user "${address}" password "${password}" fetchdomains ${domain} smtphost ${HOST}/${home.port} sslproto ''`
    writeFileSync(rc, `${server} ${user}\n`, { mode: 0o600 })
    const words = ['--fetchmailrc', rc, '--nodetach', '--nosyslog', '--verbose', '--timeout', '30']
    const { code, stdout, stderr } = await command('fetchmail', words, { env: { FETCHMAILHOME: folder } })
    return { code, said: `${stdout.toString()}\n${stderr}` }
  }

  const alice = (): string => `<${cartero.account('alice').address}>`

  async function handIn({ octets }: LetterText, isSubmitted: boolean): Promise<void> {
    const { address: user, password: pass } = cartero.account('alice')
    const transport = isSubmitted
      ? createTransport({
          host: HOST,
          port: cartero.port(587),
          requireTLS: true,
          tls: { rejectUnauthorized: false },
          auth: { user, pass },
        })
      : createTransport({ host: HOST, port: cartero.port(25), ignoreTLS: true })
    const from = isSubmitted ? user : 'sender@peer.test'
    const raw = Buffer.from(octets.toString('latin1').replace('<sender@peer.test>', `<${from}>`), 'latin1')
    await transport.sendMail({ envelope: { from, to: `tim@${customer.domain}` }, raw })
    transport.close()
  }

  test('gets no mail where none waits, and takes that for a success', async () => {
    const { code, said } = await fetchmail()
    assert.match(said, /453/)
    assert.ok(code === 0 || code === 1, said)
  })

  test('empties its queue into its own MTA, octet for octet, once', async () => {
    const letters = [text(['from alice']), text(SPOILABLE), text(['short']), text(manyLines(200_000))]
    for (const [i, letter] of letters.entries()) await handIn(letter, i === 0)
    await fetchmail()
    for (const [i, { octets, name }] of letters.entries()) {
      const copies = await copiesAt(home, name)
      assert.equal(copies.length, 1)
      // The author of the first is Alice, who may not write in another's name.
      const sent = octets.toString('latin1').replace('<sender@peer.test>', i === 0 ? alice() : '$&')
      assert.equal(copies[0]!.toString('latin1'), sent)
    }
    // What its MTA answered is noted a moment after it has left.
    let { said: again } = await fetchmail()
    for (let i = 0; again.includes('451') && i < 20; i++) ({ said: again } = await fetchmail())
    assert.match(again, /453/)
    assert.equal((await home.received()).length, letters.length)
  })
})
