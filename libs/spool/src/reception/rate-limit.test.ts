import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { MOST_ACCOUNTS, RateLimit } from './rate-limit.ts'

const takeAll = (limit: RateLimit, account: string): number => {
  let taken = 0
  while (taken < 1_000 && limit.take(account)) taken++
  return taken
}

test('an account that has used its burst is refused, and earns again with time', () => {
  const clock = new ManualClock()
  const limit = new RateLimit({ perHour: 60, burst: 10 }, clock)
  assert.equal(takeAll(limit, 'alice'), 10)
  clock.advance(59_000)
  assert.equal(limit.take('alice'), false)
  clock.advance(1_000)
  assert.equal(takeAll(limit, 'alice'), 1)
})

test('an idle account does not save up more than the burst', () => {
  const clock = new ManualClock()
  const limit = new RateLimit({ perHour: 60, burst: 10 }, clock)
  clock.advance(86_400_000)
  assert.equal(takeAll(limit, 'alice'), 10)
})

test('a clock that is set back locks nobody out, and what is earned comes in time', () => {
  const clock = new ManualClock()
  const limit = new RateLimit({ perHour: 60, burst: 10 }, clock)
  assert.ok(limit.take('alice'))
  clock.set(clock.now() - 86_400_000)
  assert.equal(takeAll(limit, 'alice'), 9)
  clock.advance(60_000)
  assert.equal(takeAll(limit, 'alice'), 1)
})

test('one account does not use another one’s allowance', () => {
  const limit = new RateLimit({ perHour: 60, burst: 3 }, new ManualClock())
  assert.equal(takeAll(limit, 'alice'), 3)
  assert.equal(takeAll(limit, 'bob'), 3)
})

test('the memory for accounts is bounded', () => {
  const limit = new RateLimit({ perHour: 60, burst: 1 }, new ManualClock())
  limit.take('first')
  for (let i = 0; i < MOST_ACCOUNTS; i++) limit.take(`account-${i}`)
  assert.ok(limit.take('first'))
})

test('a busy account is not forgotten, however many others there are', () => {
  const limit = new RateLimit({ perHour: 60, burst: 1 }, new ManualClock())
  limit.take('busy')
  for (let i = 0; i < 3 * MOST_ACCOUNTS; i++) {
    limit.take(`account-${i}`)
    if (i % 1_000 === 0) assert.equal(limit.take('busy'), false)
  }
})
