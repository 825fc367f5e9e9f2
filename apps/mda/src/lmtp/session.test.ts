import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkSet, parseNetwork, type ConnectionFacts } from '@cartero/wire'
import { DeliverySession, type DeliverySessionOptions } from './session.ts'

const facts: ConnectionFacts = {
  id: '24-1',
  remoteAddress: '127.0.0.1',
  remotePort: 4711,
  localAddress: '127.0.0.1',
  localPort: 24,
}

function greeted(connection: ConnectionFacts): boolean {
  const trusted = new NetworkSet(['127.0.0.0/8', '::/0', '0.0.0.0/0'].map((text) => parseNetwork(text)!))
  const isTrusted = (address: string): boolean => trusted.has(address)
  const options: Partial<DeliverySessionOptions> = { hostname: 'mda.cartero.test', isTrusted }
  return new DeliverySession(connection, options as DeliverySessionOptions).greeting() === undefined
}

// RFC 2033 §5
test('a client of whom a proxy tells nothing is trusted nowhere', () => {
  const proxy = { address: '127.0.0.1', port: 4711, toldClient: false }
  assert.equal(greeted({ ...facts, remoteAddress: 'unknown', remotePort: 0, proxy }), false)
  assert.equal(greeted(facts), true)
})
