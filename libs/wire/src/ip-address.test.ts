import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalAddress, parseIpv4, withoutMapping } from './ip-address.ts'

test('four numbers are read', () => {
  for (const text of ['0.0.0.0', '255.255.255.255', '192.0.2.10', '1.20.30.4'])
    assert.equal(parseIpv4(text)?.join('.'), text)
})

for (const text of [
  '',
  '.',
  '1',
  '1.2.3',
  '1.2.3.',
  '.1.2.3',
  '1..2.3',
  '1.2.3.4.',
  '1.2.3.4.5',
  '256.1.1.1',
  '1.1.1.1000',
  '01.2.3.4',
  '00.2.3.4',
  '1.2.3.04',
  '+1.2.3.4',
  '1.2.3.4 ',
  '0x1.2.3.4',
  '1.2.3./',
  '1.2.3.:',
])
  test(`${JSON.stringify(text)} is not taken for an IPv4 address`, () => {
    assert.equal(parseIpv4(text), undefined)
  })

test('each address has one form', () => {
  for (const [written, normal] of [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:201', '192.0.2.1'],
    ['::ffff:1', '::ffff:1'],
    ['1::ffff:c000:201', '1::ffff:c000:201'],
    ['example.org', undefined],
    ['fe80::1%eth0', undefined],
  ] as const)
    assert.equal(normalAddress(written), normal, written)
})

test('an address as the system tells it loses its mapping and nothing else', () => {
  assert.equal(withoutMapping('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(withoutMapping('::ffff:1'), '::ffff:1')
  assert.equal(withoutMapping('2001:db8::1'), '2001:db8::1')
})
