import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ShapeCell } from '@cartero/spool'
import { ManualClock } from '@cartero/wire'
import { countQueue } from '../src/queue-gauges.ts'

const HOUR = 3_600_000
const CELL: ShapeCell = {
  destination: 'example.net',
  state: 'deferred',
  hour: 0,
  status: '4.4.1',
  deliveries: 2,
  octets: 9,
}

/** What the gauges say of these cells, so many hours after the epoch. */
async function counted(cells: readonly ShapeCell[], hours: number) {
  const clock = new ManualClock()
  clock.advance(hours * HOUR - clock.now())
  const states = new Map<string, number>()
  let oldest = NaN
  const leaving = new AbortController()
  const unused = { add: () => assert.fail(), read: () => assert.fail() }
  await countQueue(
    {
      office: {
        shape: async () => {
          leaving.abort()
          return cells
        },
      },
      gauges: {
        queue: { ...unused, set: ({ state }, value) => void states.set(state, value) },
        oldest: { set: (_labels, value) => void (oldest = value) },
      },
      clock,
      failed: (error) => assert.ifError(error),
    },
    leaving.signal,
  )
  return { oldest, deferred: states.get('deferred') }
}

test('the age of the oldest delivery counts what waits, and neither what is held nor dead letters', async () => {
  const cells = [
    { ...CELL, hour: 10 },
    { ...CELL, hour: 7 },
    { ...CELL, state: 'held', hour: 1 },
    { ...CELL, state: 'failed', hour: 2 },
    { ...CELL, hour: 3, deliveries: 0 },
  ] as const
  assert.deepEqual(await counted(cells, 12.5), { oldest: 6 * 3600, deferred: 4 })
})

test('an empty queue has no age', async () => {
  assert.deepEqual(await counted([], 12), { oldest: 0, deferred: 0 })
})
