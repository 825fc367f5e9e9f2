import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock, pause } from './clock.ts'

test('a pause ends when its time is over and not before', async () => {
  const clock = new ManualClock()
  let over: boolean | undefined
  const waiting = pause(clock, 1_000, new AbortController().signal).then((result) => (over = result))
  clock.advance(999)
  await Promise.resolve()
  assert.equal(over, undefined)
  clock.advance(1)
  assert.equal(await waiting, true)
})

test('a pause does not hold up whoever leaves', async () => {
  const leaving = new AbortController()
  const waiting = pause(new ManualClock(), 1_000, leaving.signal)
  leaving.abort()
  assert.equal(await waiting, false)
  assert.equal(await pause(new ManualClock(), 1_000, leaving.signal), false)
})

test('the alarms of a clock ring in their order, those that were set meanwhile among them', () => {
  const clock = new ManualClock()
  const rung: string[] = []
  clock.after(20, () => rung.push('late'))
  clock.after(10, () => {
    rung.push('early')
    clock.after(5, () => rung.push('between'))
  })
  clock.after(15, () => rung.push('cancelled'))()
  clock.advance(30)
  assert.deepEqual(rung, ['early', 'between', 'late'])
})

test('a clock that is set rings no alarm by that, and none later than it should', () => {
  const clock = new ManualClock()
  const begin = clock.now()
  let rung = 0
  clock.after(10, () => rung++)
  clock.set(begin + 86_400_000)
  assert.equal(rung, 0)
  assert.equal(clock.elapsed(), 0)
  clock.set(begin - 86_400_000)
  clock.advance(10)
  assert.equal(rung, 1)
  assert.equal(clock.now(), begin - 86_400_000 + 10)
  assert.equal(clock.elapsed(), 10)
})
