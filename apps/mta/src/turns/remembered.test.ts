import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { Remembered } from './remembered.ts'

const AGE = 10_000

test('an answer is good for its age, however somebody sets the clock', async () => {
  const clock = new ManualClock()
  let asked = 0
  const remembered = new Remembered(() => Promise.resolve(++asked), AGE, clock)
  assert.equal(await remembered.read(), 1)
  clock.set(clock.now() + 3_600_000)
  clock.advance(AGE - 1)
  assert.equal(await remembered.read(), 1)
  clock.set(clock.now() - 2 * 3_600_000)
  clock.advance(1)
  assert.equal(await remembered.read(), 2)
})

test('many who ask at once are one question, and one that fails leaves the last answer', async () => {
  const clock = new ManualClock()
  let asked = 0
  const remembered = new Remembered(
    () => (++asked === 2 ? Promise.reject(new Error('away')) : Promise.resolve(asked)),
    AGE,
    clock,
  )
  assert.deepEqual(await Promise.all([remembered.read(), remembered.read()]), [1, 1])
  clock.advance(AGE)
  await assert.rejects(remembered.read(), /away/)
  assert.equal(remembered.value, 1)
  assert.equal(await remembered.read(), 3)
})
