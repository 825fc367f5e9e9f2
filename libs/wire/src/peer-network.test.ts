import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peerNetwork } from './peer-network.ts'

test('one peer has one name, however its address is written', () => {
  for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:C000:201'])
    assert.equal(peerNetwork(address), '192.0.2.1', address)
  for (const address of ['2001:db8:0:1::', '2001:0DB8:0:1:0:0:0:1', '2001:db8:0:1:ffff:ffff:ffff:ffff'])
    assert.equal(peerNetwork(address), '2001:db8:0:1::/64', address)
  assert.equal(peerNetwork('fe80::1%eth0'), 'fe80::/64')
})

test('neighbours are not one peer', () => {
  assert.notEqual(peerNetwork('192.0.2.1'), peerNetwork('192.0.2.2'))
  assert.notEqual(peerNetwork('2001:db8:0:1::1'), peerNetwork('2001:db8:0:2::1'))
})

test('what is no address is itself', () => {
  for (const text of ['unknown', '', '192.0.2.256', '2001:db8::1::2', '2001:db8::/64'])
    assert.equal(peerNetwork(text), text)
})
