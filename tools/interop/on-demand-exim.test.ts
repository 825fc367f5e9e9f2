// A later Exim than Debian's stable one, as customer of a development system as everybody starts it (RFC 2645).
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { CarteroProcess } from '@cartero/testkit'
import { createTransport } from 'nodemailer'
import { collectingExim, EXIM_ATRN, type CollectingExim, type CollectingEximOptions } from './exim-atrn.ts'
import { copiesAt, manyLines, SPOILABLE, text, type LetterText } from './letters.ts'

const HOST = '127.0.0.1'
const absent = EXIM_ATRN === undefined && 'Exim 4.99 or later is not there (tools/interop/install-peers.sh)'

interface Customer {
  readonly domain: string
  readonly address: string
  readonly password: string
}

type Mechanism = CollectingEximOptions['provider']['mechanism']

/** Leaves a letter at a port where other hosts do. */
async function leave(port: number, { octets: raw }: LetterText, to: string): Promise<void> {
  const transport = createTransport({ host: HOST, port, ignoreTLS: true })
  await transport.sendMail({ envelope: { from: 'sender@peer.test', to }, raw })
  transport.close()
}

describe('Exim as customer', { skip: absent, timeout: 120_000 }, () => {
  let cartero: CarteroProcess
  let customer: Customer
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cartero-on-demand-exim-'))
    chmodSync(folder, 0o755)
    cartero = await CarteroProcess.start()
    const credentials = readFileSync(join(cartero.data, 'credentials.json'), 'utf8')
    customer = (JSON.parse(credentials) as { odmr: Customer[] }).odmr[0]!
  })
  after(async () => {
    await cartero?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  function home(name: string, mechanism: Mechanism, password = customer.password): Promise<CollectingExim> {
    const authorities = readFileSync(join(cartero.data, 'tls/certificate.pem'), 'utf8')
    const provider = { port: cartero.port(366), user: customer.address, password, mechanism, authorities }
    return collectingExim({ folder: join(folder, name), domain: customer.domain, provider })
  }

  for (const mechanism of ['PLAIN', 'CRAM-MD5'] as const) {
    test(`empties its queue under TLS with ${mechanism}, ${mechanism === 'PLAIN' ? 'naming its domain' : 'naming none'}, octet for octet, once`, async () => {
      const exim = await home(mechanism, mechanism)
      const letters = [text(SPOILABLE), text(['short']), text(manyLines(200_000))]
      for (const letter of letters) await leave(cartero.port(25), letter, `tim@${customer.domain}`)
      const { code, stderr } = await exim.collect(mechanism === 'PLAIN' ? customer.domain : '')
      assert.equal(code, 0, `${stderr}\n${exim.log()}`)
      for (const { octets, name } of letters) {
        const copies = await copiesAt(exim, name)
        assert.deepEqual(copies.map(String), [octets.toString()])
      }
      assert.match(exim.log(), / P=esmtps X=TLS1\.3:.* CV=yes /)
      const again = await exim.collect('')
      assert.equal(again.code, 0, exim.log())
      assert.equal((await exim.received()).length, letters.length)
    })
  }

  test('takes nothing with a wrong password', async () => {
    const letter = text(['stays'])
    await leave(cartero.port(25), letter, `tim@${customer.domain}`)
    const stranger = await home('stranger', 'PLAIN', 'wrong')
    assert.equal((await stranger.collect(customer.domain)).code, 1)
    assert.match(stranger.log(), /535/)
    const exim = await home('afterwards', 'PLAIN')
    await exim.collect(customer.domain)
    assert.equal((await copiesAt(exim, letter.name)).length, 1)
    assert.deepEqual(await stranger.received(), [])
  })
})
