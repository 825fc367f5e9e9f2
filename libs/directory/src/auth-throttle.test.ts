import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import {
  AuthThrottle,
  FAILURE_MEMORY_MS,
  FIRST_DELAY_MS,
  FREE_FAILURES,
  MAX_DELAY_MS,
  MAX_DELAYED,
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
