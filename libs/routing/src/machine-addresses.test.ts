import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { MACHINE_ADDRESSES_MS, machineAddresses } from './machine-addresses.ts'

type Interfaces = ReturnType<typeof networkInterfaces>

function withAddresses(...addresses: readonly string[]): Interfaces {
  return { eth0: addresses.map((address) => ({ address }) as NonNullable<Interfaces[string]>[number]) }
}

test('an address that the machine gets later is known as ours soon', () => {
  const clock = new ManualClock()
  let interfaces = withAddresses('192.0.2.1', '2001:DB8:0::1')
  const has = machineAddresses(clock, () => interfaces)
  assert.deepEqual(['192.0.2.1', '2001:db8::1', '192.0.2.2'].map(has), [true, true, false])
  interfaces = withAddresses('192.0.2.2')
  clock.advance(MACHINE_ADDRESSES_MS - 1)
  assert.equal(has('192.0.2.2'), false)
  clock.advance(1)
  assert.deepEqual(['192.0.2.1', '192.0.2.2'].map(has), [false, true])
})

test('this machine has the addresses that the system tells', () => {
  const has = machineAddresses(new ManualClock())
  const loopback = networkInterfaces()['lo']?.find(({ family }) => family === 'IPv4')
  if (loopback !== undefined) assert.equal(has(loopback.address), true)
  assert.equal(has('192.0.2.1'), false)
})
