import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { AddressLimits } from './address-limits.ts'

const rates = { connectionsPerMinute: 2, messagesPerMinute: 0, recipientsPerMinute: 0 }

test('a host with 2^64 addresses is one host', () => {
  const limits = new AddressLimits(rates, new ManualClock())
  assert.deepEqual(
    ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:db8::3', '2001:db8:0:1::1'].map((address) =>
      limits.connection(address),
    ),
    [true, true, false, true],
  )
})

test('what is not limited is not counted', () => {
  const limits = new AddressLimits(rates, new ManualClock())
  for (let i = 0; i < 1_000; i++) assert.ok(limits.message('192.0.2.1') && limits.recipient('192.0.2.1'))
})

test('what is no address is limited, too', () => {
  const limits = new AddressLimits(rates, new ManualClock())
  assert.deepEqual(
    ['unknown', 'unknown', 'unknown'].map((address) => limits.connection(address)),
    [true, true, false],
  )
})
