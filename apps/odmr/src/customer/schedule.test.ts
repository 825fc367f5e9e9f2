import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  FIRST_BACK_OFF_MS,
  JITTER,
  LONGEST_BACK_OFF_MS,
  MOST_RESUMED,
  REFUSED_BACK_OFF_MS,
} from './limits.ts'
import type { VisitEnd } from './report.ts'
import { Schedule } from './schedule.ts'

const EVERY = 300_000

function schedule(every: number | undefined = EVERY, random = 0.5): Schedule {
  return new Schedule(every, () => random)
}

const report = (end: VisitEnd, messages = 0): { end: VisitEnd; messages: number } => ({ end, messages })

describe('the next visit', () => {
  test('is after the usual time, a little sooner or later, so that customers do not come together', () => {
    assert.equal(schedule().after(report('nothing')), EVERY)
    assert.equal(schedule(EVERY, 0).after(report('fetched', 3)), EVERY * (1 - JITTER))
    assert.equal(schedule(EVERY, 1).after(report('fetched', 3)), EVERY * (1 + JITTER))
  })

  for (const end of ['busy', 'unreachable', 'broken', 'insecure', 'cutOff'] as const) {
    test(`is later each time when one after the other is ${end}, up to a longest wait, and sooner again after a success`, () => {
      const plan = schedule()
      const waits = Array.from({ length: 12 }, () => plan.after(report(end)))
      assert.deepEqual(waits.slice(0, 3), [FIRST_BACK_OFF_MS, 2 * FIRST_BACK_OFF_MS, 4 * FIRST_BACK_OFF_MS])
      assert.equal(waits.at(-1), LONGEST_BACK_OFF_MS)
      assert.equal(plan.after(report('nothing')), EVERY)
      assert.equal(plan.after(report(end)), FIRST_BACK_OFF_MS)
    })
  }

  test('after a refusal is long off, so that a wrong password is not tried until it is locked', () => {
    assert.equal(schedule().after(report('refused')), REFUSED_BACK_OFF_MS)
    assert.equal(schedule(86_400_000).after(report('refused')), 86_400_000)
  })

  test('is at once where one was cut off after some mail, but not without end', () => {
    const plan = schedule()
    const waits = Array.from({ length: MOST_RESUMED + 2 }, () => plan.after(report('cutOff', 1)))
    assert.deepEqual(waits, [...Array(MOST_RESUMED).fill(0), FIRST_BACK_OFF_MS, 2 * FIRST_BACK_OFF_MS])
    plan.after(report('fetched', 1))
    assert.equal(plan.after(report('cutOff', 1)), 0)
  })

  test('is never by itself where nobody asked for it, nor when this process leaves', () => {
    for (const end of ['fetched', 'broken', 'refused'] as const)
      assert.equal(new Schedule(undefined, () => 0.5).after(report(end)), undefined)
    assert.equal(new Schedule(undefined, () => 0.5).after(report('cutOff', 5)), undefined)
    assert.equal(schedule().after(report('left')), undefined)
  })
})

test('a line that is down once is no reason to worry, and one that stays down is', () => {
  const plan = schedule()
  const worries = Array.from({ length: 3 }, () => {
    plan.after(report('unreachable'))
    return plan.isWorrying
  })
  assert.deepEqual(worries, [false, false, true])
  plan.after(report('nothing'))
  assert.equal(plan.isWorrying, false)
})
