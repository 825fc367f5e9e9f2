import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ManualClock } from '@cartero/wire'

import { LASTING_LIMITS, LastingWork } from './lasting-work.ts'

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Fails as often as it is told to, then goes on until it has to leave. */
function work(failures: number) {
  const told: string[] = []
  let begun = 0
  const clock = new ManualClock()
  const lasting = new LastingWork({
    logger: { error: (event) => void told.push(event) },
    event: 'work.stopped',
    clock,
    run: async (signal) => {
      if (++begun <= failures) throw new Error('the broker has no leader')
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
  })
  return { lasting, clock, told, begun: () => begun }
}

test('work that fails at its start is begun again, and is well after a while', async () => {
  const { lasting, clock, told, begun } = work(2)
  lasting.start()
  await turns()
  assert.match(lasting.failure?.message ?? '', /no leader/)
  for (const expected of [2, 3]) {
    clock.advance(LASTING_LIMITS.rest)
    await turns()
    assert.equal(begun(), expected)
  }
  assert.deepEqual(told, ['work.stopped'], 'the same reason is told once')
  assert.ok(lasting.failure, 'it has only just begun')
  clock.advance(LASTING_LIMITS.settled)
  assert.equal(lasting.failure, undefined)
  await lasting.leave()
  assert.equal(begun(), 3)
})

test('whoever leaves does not wait for the rest', async () => {
  const { lasting, begun } = work(1)
  lasting.start()
  await turns()
  await lasting.leave()
  assert.equal(begun(), 1)
})
