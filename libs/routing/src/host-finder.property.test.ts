// What holds in any DNS, however wild.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZoneResolver } from '@cartero/dns/zone'
import fc from 'fast-check'
import { addressKind } from './address-kind.ts'
import { MailHostFinder } from './host-finder.ts'
import { MAX_ADDRESSES_PER_HOST } from './locate-host.ts'
import { MAX_HOSTS } from './mail-exchangers.ts'
import { SmallWorld } from '../test/small-world.ts'

const OURS = '192.0.2.50'
const doors = { hostnames: ['us.example'], hasAddress: (address: string) => address === OURS, ports: [25] }

const name = fc.constantFrom('example.org', 'a.example', 'b.example', 'us.example', '192.0.2.7', 'c.example')
const address = fc.constantFrom('192.0.2.1', '192.0.2.2', OURS, '127.0.0.1', '224.0.0.1', '0.0.0.0', '!')
const address6 = fc.constantFrom('2001:db8::1', '::1', 'fe80::1', '::ffff:192.0.2.50', '!')
const fact = fc.oneof(
  fc
    .tuple(name, fc.constantFrom(5, 10, 20), name)
    .map(([who, preference, host]) => `${who} MX ${preference} ${host}`),
  fc.tuple(name, fc.constantFrom('MX 0 .', 'MX !', 'exists')).map(([who, what]) => `${who} ${what}`),
  fc.tuple(name, address).map(([who, where]) => `${who} A ${where}`),
  fc.tuple(name, address6).map(([who, where]) => `${who} AAAA ${where}`),
  fc.constantFrom('b.example CNAME c.example', 'c.example A 192.0.2.3 insecure'),
)

test('mail never goes to ourselves nor round, is told why when it goes nowhere, and the best host comes first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fact, { maxLength: 20 }),
      fc.double({ min: 0, max: 0.99 }),
      async (facts, lot) => {
        const finder = new MailHostFinder({ resolver: new SmallWorld(facts), doors, random: () => lot })
        const found = await finder.find(
          { kind: 'remote', domain: 'example.org' },
          new AbortController().signal,
        )
        assert.ok(found.steps.length > 0)
        if (found.kind === 'none') {
          assert.match(found.status, /^[45]\.\d+\.\d+$/)
          assert.notEqual(found.reason, '')
          return
        }
        const preferences = found.hosts.map(({ preference }) => preference)
        assert.deepEqual(
          preferences,
          preferences.toSorted((a, b) => a - b),
        )
        assert.ok(found.hosts.length <= MAX_HOSTS && found.hosts.length > 0)
        for (const host of found.hosts) {
          assert.ok(host.addresses.length > 0 && host.addresses.length <= MAX_ADDRESSES_PER_HOST)
          assert.ok(host.addresses.every((one) => addressKind(one) === 'ordinary' && one !== OURS))
          assert.notEqual(host.name, 'us.example')
        }
        const ours = facts.map((one) => /^example\.org MX (\d+) us\.example$/.exec(one)?.[1]).filter(Boolean)
        for (const preference of ours) assert.ok(preferences.every((one) => one < Number(preference)))
      },
    ),
    { numRuns: 500 },
  )
})

test('no mail is given back because the DNS is away', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fact, { maxLength: 20 }), async (facts) => {
      const others = facts.filter((one) => !one.startsWith('example.org '))
      const resolver = new SmallWorld([...others, 'example.org MX !'])
      const finder = new MailHostFinder({ resolver, doors })
      const found = await finder.find({ kind: 'remote', domain: 'example.org' }, new AbortController().signal)
      assert.equal(found.kind === 'none' && found.status, '4.4.3')
    }),
  )
})

test('a zone file is a DNS like any other', async () => {
  const text = `
$ORIGIN example.org.
@      300 IN MX 10 mx
       300 IN MX 20 mx2.example.net.
mx         IN A 192.0.2.1
mx         IN AAAA 2001:db8::1
alias      IN CNAME example.org.
void       IN MX 0 .
mx2.example.net. IN CNAME mx
`
  const resolver = new ZoneResolver([{ text, origin: 'example.org', validated: true }])
  const finder = new MailHostFinder({ resolver, doors })
  const find = (domain: string) => finder.find({ kind: 'remote', domain }, new AbortController().signal)
  const found = await find('alias.example.org')
  assert.ok(found.kind === 'hosts')
  assert.deepEqual(
    found.hosts.map((host) => [host.name, host.canonicalName, host.isValidated, ...host.addresses]),
    [
      ['mx.example.org', undefined, true, '2001:db8::1', '192.0.2.1'],
      ['mx2.example.net', 'mx.example.org', false, '2001:db8::1', '192.0.2.1'],
    ],
  )
  const nullMx = await find('void.example.org')
  assert.equal(nullMx.kind === 'none' && nullMx.status, '5.1.10')
  resolver.fail('mx.example.org', 'timeout')
  const away = await find('example.org')
  assert.equal(away.kind === 'none' && away.status, '4.4.3')
})
