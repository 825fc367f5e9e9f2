import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatIpv6 } from './ip-address.ts'
import { NetworkSet, parseNetwork, type Network } from './network.ts'

function networks(...texts: readonly string[]): NetworkSet {
  return new NetworkSet(texts.map((text) => parseNetwork(text) ?? assert.fail(text)))
}

test('a network holds its first and last address and not their neighbours', () => {
  const set = networks('192.0.2.64/26', '2001:db8:8000::/33')
  for (const inside of ['192.0.2.64', '192.0.2.127', '2001:db8:8000::', '2001:db8:ffff::ffff'])
    assert.ok(set.has(inside), inside)
  for (const outside of ['192.0.2.63', '192.0.2.128', '2001:db8:7fff::', '2001:db9:8000::'])
    assert.ok(!set.has(outside), outside)
})

test('an address alone is a network of one', () => {
  const set = networks('192.0.2.1', '2001:db8::1')
  assert.ok(set.has('192.0.2.1') && set.has('2001:DB8:0::0:1'))
  assert.ok(!set.has('192.0.2.0') && !set.has('2001:db8::'))
})

test('an IPv4 peer of a dual-stack socket is found by its IPv4 network, and by one that is written as mapped', () => {
  assert.ok(networks('192.0.2.0/24').has('::ffff:192.0.2.9'))
  assert.ok(networks('::ffff:192.0.2.0/120').has('192.0.2.9'))
  assert.ok(networks('::ffff:c000:209').has('192.0.2.9'))
})

test('all of one family is nothing of the other', () => {
  assert.ok(networks('0.0.0.0/0').has('255.255.255.255'))
  assert.ok(!networks('0.0.0.0/0').has('::1'))
  assert.ok(networks('::/0').has('::1'))
  assert.ok(!networks('::/0').has('192.0.2.1'))
  assert.ok(!networks('::/0').has('::ffff:192.0.2.1'))
})

test('the zone of a link-local peer does not hide it', () => {
  assert.ok(networks('fe80::/10').has('fe80::1%eth0'))
})

test('what is no address is in no network', () => {
  const set = networks('0.0.0.0/0', '::/0')
  for (const text of ['', 'unknown', '192.0.2', '192.0.2.01', '192.0.2.1 ', '::1::', '/tmp/socket', '1%2'])
    assert.ok(!set.has(text), text)
  assert.ok(!new NetworkSet([]).has('192.0.2.1'))
})

for (const text of [
  '',
  '/',
  '/8',
  '192.0.2.0/',
  '192.0.2.0/33',
  '192.0.2.0/-1',
  '192.0.2.0/024',
  '192.0.2.0/24/24',
  '192.0.2.0/255.255.255.0',
  '192.0.2.1/24',
  '192.0.2.0.0/24',
  '2001:db8::/129',
  '2001:db8::1/64',
  '::ffff:192.0.2.0/24',
  'fe80::1%eth0',
  'example.org',
  ' 192.0.2.1',
])
  test(`${JSON.stringify(text)} is refused and not guessed at`, () => {
    assert.equal(parseNetwork(text), undefined)
  })

test('a set agrees with the comparison of bits, network by network', () => {
  const groups = fc.array(fc.constantFrom(0, 1, 0x8000, 0xffff), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(groups, groups, fc.nat(128), (first, other, prefix) => {
      const bits = (parts: readonly number[]): string =>
        parts.map((part) => part.toString(2).padStart(16, '0')).join('')
      const shared = bits(first).slice(0, prefix)
      const network: Network = { family: 6, prefix, shared: shared === '' ? 0n : BigInt(`0b${shared}`) }
      const address = formatIpv6(other)
      fc.pre(!bits(other).startsWith(`${'0'.repeat(80)}${'1'.repeat(16)}`))
      assert.equal(new NetworkSet([network]).has(address), bits(other).startsWith(shared))
    }),
    { numRuns: 200 },
  )
})
