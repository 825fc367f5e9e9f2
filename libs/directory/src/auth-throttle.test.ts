import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import {
  AuthThrottle,
  FAILURE_MEMORY_MS,
  FIRST_DELAY_MS,
  FREE_FAILURES,
  KNOWN_PLACE_MS,
  MAX_DELAY_MS,
  MAX_DELAYED,
  MAX_DELAYED_PER_PEER,
} from './auth-throttle.ts'
import { DirectoryError } from './directory-error.ts'

function failedTimes(throttle: AuthThrottle, login: string, times: number): void {
  for (let n = 0; n < times; n++) throttle.failed(login)
}

describe('the throttle', () => {
  test('lets a few mistakes pass, then doubles the delay up to its limit', () => {
    const throttle = new AuthThrottle(new ManualClock())
    const delays: number[] = []
    for (let n = 0; n < 9; n++) {
      delays.push(throttle.delayOf('tim'))
      throttle.failed('tim')
    }
    assert.deepEqual(delays, [0, 0, 0, 250, 500, 1000, 2000, 4000, 4000])
    failedTimes(throttle, 'tim', 10_000)
    assert.equal(throttle.delayOf('tim'), MAX_DELAY_MS)
    assert.equal(throttle.delayOf('ann'), 0)
  })

  test('forgets after a success, and after a while', () => {
    const clock = new ManualClock()
    const throttle = new AuthThrottle(clock)
    failedTimes(throttle, 'tim', 5)
    throttle.succeeded('tim')
    assert.equal(throttle.delayOf('tim'), 0)
    failedTimes(throttle, 'tim', 5)
    clock.advance(FAILURE_MEMORY_MS)
    assert.equal(throttle.delayOf('tim'), 0)
  })

  test('counts against the owner, where he has logged in before, only what comes from there', () => {
    const clock = new ManualClock()
    const throttle = new AuthThrottle(clock)
    throttle.succeeded('tim', 'home')
    failedTimes(throttle, 'tim', 20)
    assert.equal(throttle.delayOf('tim', 'elsewhere'), MAX_DELAY_MS)
    assert.equal(throttle.delayOf('tim', 'home'), 0)
    assert.equal(throttle.delayOf('ann', 'home'), 0)
    for (let n = 0; n < FREE_FAILURES; n++) throttle.failed('tim', 'home')
    assert.equal(throttle.delayOf('tim', 'home'), FIRST_DELAY_MS, 'guessing from there is slow, too')
    throttle.succeeded('tim', 'home')
    assert.equal(throttle.delayOf('tim', 'home'), 0)
    assert.equal(throttle.delayOf('tim', 'elsewhere'), MAX_DELAY_MS)
    clock.advance(KNOWN_PLACE_MS)
    assert.equal(throttle.isKnown('tim', 'home'), false)
  })

  test('keeps a place to wait for the owner however many strangers wait', async () => {
    const clock = new ManualClock()
    const throttle = new AuthThrottle(clock)
    throttle.succeeded('tim', 'home')
    for (let n = 0; n < FREE_FAILURES; n++) throttle.failed('tim', 'home')
    failedTimes(throttle, 'tim', FREE_FAILURES)
    const peers = MAX_DELAYED / MAX_DELAYED_PER_PEER
    const waiting = Array.from({ length: MAX_DELAYED }, (_, n) => throttle.delay('tim', `peer ${n % peers}`))
    const isBusy = (error: unknown): boolean => error instanceof DirectoryError && error.fault === 'busy'
    await assert.rejects(throttle.delay('tim', 'one more'), isBusy)
    waiting.push(throttle.delay('tim', 'home'))
    clock.advance(FIRST_DELAY_MS)
    await Promise.all(waiting)
  })

  test('does not let one peer take the places of all', async () => {
    const clock = new ManualClock()
    const throttle = new AuthThrottle(clock)
    failedTimes(throttle, 'tim', FREE_FAILURES)
    const waiting = Array.from({ length: MAX_DELAYED_PER_PEER }, () => throttle.delay('tim', 'flood'))
    await assert.rejects(throttle.delay('tim', 'flood'), DirectoryError)
    waiting.push(throttle.delay('tim', 'elsewhere'))
    clock.advance(FIRST_DELAY_MS)
    await Promise.all(waiting)
  })

  test('does not let those who wait become too many', async () => {
    const clock = new ManualClock()
    const throttle = new AuthThrottle(clock)
    failedTimes(throttle, 'tim', FREE_FAILURES)
    const waiting = Array.from({ length: MAX_DELAYED }, () => throttle.delay('tim'))
    await assert.rejects(
      throttle.delay('tim'),
      (error) => error instanceof DirectoryError && error.fault === 'busy',
    )
    await throttle.delay('ann')
    clock.advance(FIRST_DELAY_MS)
    await Promise.all(waiting)
    const again = throttle.delay('tim')
    clock.advance(FIRST_DELAY_MS)
    await again
  })
})
