import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import {
  dial,
  DialError,
  Listener,
  TlsServer,
  usableRecords,
  type Connected,
  type DaneRecord,
  type Identity,
  type TlsClientOptions,
} from '@cartero/wire/node'
import { TestAuthority } from '@cartero/testkit'
import { EchoMachine } from './echo-machine.ts'

const DAY_MS = 86_400_000
const root = TestAuthority.root()
const intermediate = root.intermediate()
const mail = intermediate.issue({ names: ['mx.example'] })
const [, ...issuers] = mail.certificate.split(/(?<=-----END CERTIFICATE-----\n)/)
/** Later than what is made while the tests run. */
const clock = new ManualClock(Date.now() + DAY_MS)
const tls = new TlsServer(mail)
let askedFor: string | undefined

const server = new Listener({
  host: '127.0.0.1',
  port: 0,
  clock,
  tls,
  implicitTls: true,
  accept: (connection) => {
    askedFor = connection.tls?.serverName
    return { machine: new EchoMachine(), decide: (question) => question }
  },
})

/** What a call with these records comes to: by what the server was verified, or why it was not. */
async function call(
  records: readonly DaneRecord[],
  { names = ['mx.example'], ...more }: TlsClientOptions = {},
  now = clock,
): Promise<string | undefined> {
  let connected: Connected | undefined
  const role = (facts: Connected): { machine: EchoMachine; decide: () => string } => {
    connected = facts
    return { machine: new EchoMachine('quit'), decide: () => '' }
  }
  const { signal } = new AbortController()
  const options = { host: 'mx.example', addresses: ['127.0.0.1'], port: server.port, implicitTls: true }
  try {
    await dial({ ...options, clock: now, role, signal, tls: { ...more, dane: { records, names } } })
  } catch (error) {
    assert.ok(error instanceof DialError, String(error))
    assert.equal(error.stage, 'certificate')
    return error.code
  }
  return connected?.tls?.verifiedBy
}

function record(usage: number, selector: number, matchingType: number, pem: string): DaneRecord {
  const certificate = new X509Certificate(pem)
  const octets =
    selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' })
  const hash = matchingType === 1 ? 'sha256' : 'sha512'
  const data = matchingType === 0 ? octets : createHash(hash).update(octets).digest()
  return { usage, selector, matchingType, data }
}

async function showing(identity: Identity, work: () => Promise<void>): Promise<void> {
  tls.replace(identity)
  try {
    await work()
  } finally {
    tls.replace(mail)
  }
}

describe('a server for whom the DNS vouches (DANE)', () => {
  before(() => server.listen())
  after(() => server.drain(AbortSignal.abort()))

  for (const selector of [0, 1]) {
    for (const matchingType of [0, 1, 2]) {
      test(`is known by its own record 3 ${selector} ${matchingType}`, async () => {
        assert.equal(await call([record(3, selector, matchingType, mail.certificate)]), 'dane')
        assert.equal(askedFor, 'mx.example')
      })

      test(`is known by the record 2 ${selector} ${matchingType} of its issuer, and of the issuer's`, async () => {
        assert.equal(await call([record(2, selector, matchingType, intermediate.certificate)]), 'dane')
        const whole = { ...mail, certificate: mail.certificate + root.certificate }
        await showing(whole, async () => {
          assert.equal(await call([record(2, selector, matchingType, root.certificate)]), 'dane')
        })
      })
    }
  }

  test('is none when its key is another, though an authority that we believe vouches for it', async () => {
    const other = root.issue({ names: ['mx.example'] })
    const records = [record(3, 1, 1, other.certificate), record(2, 0, 1, TestAuthority.root().certificate)]
    assert.equal(await call(records, { authorities: root.certificate }), 'TLSA_MISMATCH')
  })

  test('is known by one of several records, as while a key is replaced', async () => {
    const next = root.issue({ names: ['mx.example'] })
    assert.equal(await call([record(3, 1, 1, next.certificate), record(3, 1, 1, mail.certificate)]), 'dane')
  })

  test('need not bear its name nor be within its dates when the record is its own', async () => {
    const stale = root.issue({ names: ['elsewhere.example'], days: -1 })
    await showing(stale, async () => {
      assert.equal(await call([record(3, 1, 1, stale.certificate)]), 'dane')
    })
  })

  test('needs its name when the record is of its issuer, who vouches for others, too', async () => {
    const records = [record(2, 0, 1, intermediate.certificate)]
    assert.equal(await call(records, { names: ['other.example'] }), 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.equal(await call(records, { names: ['other.example', 'mx.example'] }), 'dane')
  })

  test('needs to be within its dates when the record is of its issuer', async () => {
    const records = [record(2, 0, 1, root.certificate)]
    const stale = root.issue({ names: ['mx.example'], days: -1 })
    await showing({ ...stale, certificate: stale.certificate + root.certificate }, async () => {
      assert.equal(await call(records), 'CERT_HAS_EXPIRED')
    })
    const fromOwn = [record(2, 0, 1, intermediate.certificate)]
    assert.equal(await call(fromOwn, {}, new ManualClock(Date.now() - DAY_MS)), 'CERT_NOT_YET_VALID')
  })

  test('is not known by an issuer that is only shown and did not sign', async () => {
    const impostor = TestAuthority.root()
      .intermediate()
      .issue({ names: ['mx.example'] })
    const beside = { ...impostor, certificate: impostor.certificate + issuers.join('') + root.certificate }
    await showing(beside, async () => {
      assert.equal(await call([record(2, 0, 1, root.certificate)]), 'TLSA_MISMATCH')
      assert.equal(await call([record(2, 1, 0, root.certificate)]), 'TLSA_MISMATCH')
    })
  })

  test('is not known by an issuer whose name it forges', async () => {
    const forged = TestAuthority.root().issue({ names: ['mx.example'], lacksKeyIdentifiers: true })
    await showing({ ...forged, certificate: forged.certificate + root.certificate }, async () => {
      assert.equal(await call([record(2, 0, 1, root.certificate)]), 'TLSA_MISMATCH')
    })
  })

  test('is not known by an issuer that may not be one', async () => {
    const leaf = root.issue({ names: ['leaf.example'] })
    await showing(TestAuthority.misusing(leaf).issue({ names: ['mx.example'] }), async () => {
      assert.equal(await call([record(2, 0, 1, leaf.certificate)]), 'TLSA_MISMATCH')
    })
  })

  test('is not its own issuer', async () => {
    assert.equal(await call([record(2, 0, 1, mail.certificate)]), 'TLSA_MISMATCH')
  })

  test('may show its issuers in whatever order', async () => {
    const shuffled = [
      mail.certificate.split(/(?<=-----END CERTIFICATE-----\n)/)[0],
      root.certificate,
      ...issuers,
    ]
    await showing({ ...mail, certificate: shuffled.join('') }, async () => {
      assert.equal(await call([record(2, 1, 2, root.certificate)]), 'dane')
    })
  })

  test('need not show an issuer that the record has as a whole', async () => {
    assert.equal(await call([record(2, 0, 0, root.certificate)]), 'dane')
    assert.equal(await call([record(2, 1, 0, root.certificate)]), 'dane')
  })

  test('MAX_CHAIN_LENGTH: is not searched through all that it shows', async () => {
    const filler = Array.from({ length: 10 }, () => intermediate.certificate).join('')
    const [own] = mail.certificate.split(/(?<=-----END CERTIFICATE-----\n)/)
    const far = { ...mail, certificate: `${own}${filler}${root.certificate}` }
    await showing(far, async () => {
      assert.equal(await call([record(2, 0, 1, root.certificate)]), 'TLSA_MISMATCH')
    })
  })

  test('is not verified by records that mail does not use, nor by broken ones', async () => {
    const good = record(3, 1, 1, mail.certificate)
    const useless = [
      { ...good, usage: 0 },
      { ...good, usage: 1 },
      { ...good, selector: 2 },
      { ...good, matchingType: 3 },
      { ...good, data: good.data.subarray(1) },
    ]
    assert.deepEqual(usableRecords(useless), [])
    assert.equal(await call(useless), 'TLSA_UNUSABLE')
    assert.equal(await call([...useless, good]), 'dane')
    const noise = [0, 1].map((selector) => ({
      ...good,
      usage: 2,
      selector,
      matchingType: 0,
      data: Buffer.from('x'),
    }))
    assert.equal(await call([...noise]), 'TLSA_MISMATCH')
  })
})
