import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'node:test'

import { ManualClock } from '@cartero/wire'

import { ContentStoreError } from '../ports.ts'
import { Attempts, OBJECT_LIMITS, PassingFault } from './attempts.ts'

const isIo = (error: unknown): boolean => error instanceof ContentStoreError && error.fault === 'io'

/** Lets time pass until it is settled. */
async function settled<T>(clock: ManualClock, work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const result = Promise.allSettled([work])
  const over = new AbortController()
  void result.then(() => over.abort())
  while (!over.signal.aborted && clock.elapsed() < 60_000) {
    clock.advance(50)
    await turn()
  }
  return (await result)[0]
}

test('a fault that passes is tried again, and another is not', async () => {
  const clock = new ManualClock()
  let asked = 0
  const passing = new Attempts(clock).make('put a', async () => {
    if (++asked < OBJECT_LIMITS.attempts) throw new PassingFault('busy')
    return 'done'
  })
  assert.equal((await settled(clock, passing)).status, 'fulfilled')
  asked = 0
  const final = new Attempts(clock).make('put a', async () => {
    asked += 1
    throw new Error('never')
  })
  await assert.rejects(final, isIo)
  assert.equal(asked, 1)
})

test('a request without an answer ends by its deadline', async () => {
  const clock = new ManualClock()
  const signals: AbortSignal[] = []
  const silent = new Attempts(clock).make('put a', (signal) => {
    signals.push(signal)
    return new Promise(() => {})
  })
  let ended = Infinity
  silent.catch(() => (ended = clock.elapsed()))
  const result = await settled(clock, silent)
  assert.ok(result.status === 'rejected' && isIo(result.reason))
  assert.ok(ended <= OBJECT_LIMITS.deadline + 200, `after ${ended} ms`)
  assert.ok(signals.length > 1 && signals.every((signal) => signal.aborted))
})

test('what is under way ends when the store is closed', async () => {
  const attempts = new Attempts(new ManualClock())
  const silent = attempts.make('put a', () => new Promise(() => {}))
  attempts.close()
  await assert.rejects(silent, isIo)
})
