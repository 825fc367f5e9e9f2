// Our resolver asks BIND, whose validation is real: what is signed, what is not, and what is forged or lost.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { DnsError } from '@cartero/dns'
import { StubResolver } from '@cartero/dns/stub'
import { NAMED_LACKS, startNameServer, type NameServer } from '@cartero/testkit'
import { ManualClock } from '@cartero/wire'

const TLSA = '0123456789abcdef'.repeat(4)
/** Larger than any datagram that is offered. */
const BIG = Array.from({ length: 40 }, (_, i) => String(i).padStart(2, '0').repeat(50))

const RECORDS = `
@              MX    10 mx
               MX    20 mx.plain.test.
mx             A     127.0.0.2
               AAAA  ::1
_25._tcp.mx    TLSA  3 1 1 ${TLSA}
alias          CNAME mx
outside        CNAME mx.plain.test.
into-forged    CNAME mx.forged.test.
null           MX    0 .
big            TXT   ${BIG.map((text) => `"${text}"`).join(' ')}
short          60 IN A 127.0.0.3
`

const fault = (expected: DnsError['fault']) => (error: unknown) =>
  error instanceof DnsError && error.fault === expected

describe('our resolver before BIND', { skip: NAMED_LACKS, timeout: 60_000 }, () => {
  let names: NameServer
  let resolver: StubResolver
  before(async () => {
    names = await startNameServer({
      zones: {
        'signed.test': { text: RECORDS, isSigned: true },
        'plain.test': RECORDS,
        'forged.test': {
          text: '@ MX 10 mx\nmx A 127.0.0.2\nmx2 A 127.0.0.3\n_25._tcp.mx TLSA 3 1 1 00',
          isSigned: true,
          forged: ['mx A', '_25._tcp.mx TLSA'],
        },
        '127.in-addr.arpa': '2.0.0 PTR mx.plain.test.',
      },
      lame: ['lame.test'],
    })
    resolver = new StubResolver({ servers: [names.server] })
  })
  after(async () => {
    resolver?.close()
    await names?.stop()
  })

  for (const [zone, isValidated] of [
    ['signed.test', true],
    ['plain.test', false],
  ] as const) {
    test(`${zone}: what is found is validated: ${isValidated}`, async () => {
      const mx = await resolver.ask(zone, 'MX')
      assert.deepEqual(
        mx.records
          .map(({ preference, exchange }) => `${preference} ${exchange}`)
          .toSorted((a, b) => a.localeCompare(b)),
        [`10 mx.${zone}`, '20 mx.plain.test'],
      )
      const a = await resolver.ask(`mx.${zone}`, 'A')
      const aaaa = await resolver.ask(`mx.${zone}`, 'AAAA')
      const tlsa = await resolver.ask(`_25._tcp.mx.${zone}`, 'TLSA')
      const none = await resolver.ask(`null.${zone}`, 'MX')
      assert.deepEqual(a.records, ['127.0.0.2'])
      assert.deepEqual(aaaa.records, ['::1'])
      assert.deepEqual(tlsa.records, [
        { usage: 3, selector: 1, matchingType: 1, data: Uint8Array.from(Buffer.from(TLSA, 'hex')) },
      ])
      assert.deepEqual(none.records, [{ preference: 0, exchange: '' }])
      for (const answer of [mx, a, aaaa, tlsa, none]) assert.equal(answer.isValidated, isValidated)
    })

    test(`${zone}: what is not there is validated: ${isValidated}`, async () => {
      const noName = await resolver.ask(`missing.${zone}`, 'MX')
      const noData = await resolver.ask(`mx.${zone}`, 'MX')
      assert.deepEqual([noName.kind, noName.isValidated], ['noName', isValidated])
      assert.deepEqual([noData.kind, noData.isValidated], ['noData', isValidated])
    })

    test(`${zone}: an answer that no datagram holds is whole`, async () => {
      const { records, isValidated: isBig } = await resolver.ask(`big.${zone}`, 'TXT')
      assert.deepEqual(records, [BIG.join('')])
      assert.equal(isBig, isValidated)
    })
  }

  test('an alias in a signed zone is followed, and validated only as far as the zone it leads to', async () => {
    const inside = await resolver.ask('alias.signed.test', 'A')
    assert.deepEqual([inside.name, inside.isValidated], ['mx.signed.test', true])
    const outside = await resolver.ask('outside.signed.test', 'A')
    assert.deepEqual([outside.name, outside.isValidated], ['mx.plain.test', false])
  })

  test('what is forged is never an answer, and what stands beside it is', async () => {
    await assert.rejects(resolver.ask('mx.forged.test', 'A'), fault('serverFailure'))
    await assert.rejects(resolver.ask('_25._tcp.mx.forged.test', 'TLSA'), fault('serverFailure'))
    await assert.rejects(resolver.ask('into-forged.signed.test', 'A'), fault('serverFailure'))
    assert.equal((await resolver.ask('forged.test', 'MX')).isValidated, true)
    assert.equal((await resolver.ask('mx2.forged.test', 'A')).isValidated, true)
  })

  test('a broken delegation is no domain without mail', async () => {
    await assert.rejects(resolver.ask('lame.test', 'MX'), fault('serverFailure'))
  })

  test('an address leads back to its name, and names that nobody has are told of at once', async () => {
    assert.deepEqual((await resolver.ask('2.0.0.127.in-addr.arpa', 'PTR')).records, ['mx.plain.test'])
    assert.equal((await resolver.ask('nobody.example', 'MX')).kind, 'noName')
  })
})

test(
  'when the name server dies, what was answered is known until its TTL',
  { skip: NAMED_LACKS, timeout: 60_000 },
  async () => {
    const clock = new ManualClock()
    await using names = await startNameServer({ zones: { 'plain.test': RECORDS } })
    using resolver = new StubResolver({ servers: [names.server], clock })
    await resolver.ask('short.plain.test', 'A')
    await names.stop()
    clock.advance(59_000)
    assert.deepEqual((await resolver.ask('short.plain.test', 'A')).records, ['127.0.0.3'])
    await assert.rejects(resolver.ask('plain.test', 'MX'), fault('unreachable'))
    clock.advance(1_000)
    await assert.rejects(resolver.ask('short.plain.test', 'A'), fault('unreachable'))
  },
)

test(
  'a zone with an error is told of, and not served without a word',
  { skip: NAMED_LACKS, timeout: 60_000 },
  async () => {
    await assert.rejects(startNameServer({ zones: { 'bad.test': '@ MX ten mx' } }), /bad\.test/)
    await assert.rejects(
      startNameServer({ zones: { 'signed.test': { text: '@ MX 10 mx', isSigned: true, forged: ['mx A'] } } }),
      /there is no A of mx\.signed\.test\. to forge/,
    )
  },
)
