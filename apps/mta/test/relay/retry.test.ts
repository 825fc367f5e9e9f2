// When a delivery comes again.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Delivery, Envelope } from '@cartero/spool'
import { NOTICE_SETTINGS, type RecipientResult } from '@cartero/spool/notices'
import type { EnhancedStatus } from '@cartero/syntax'
import { ManualClock } from '@cartero/wire'

import { BACK_OFF_JITTER, BackOff, FIRST_BACK_OFF_MS, LONGEST_BACK_OFF_MS } from '../../src/relay/back-off.ts'
import { Retry } from '../../src/relay/retry.ts'
import { RELAY_SETTINGS } from '../../src/relay/settings.ts'
import { TokenBucket } from '../../src/relay/token-bucket.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 0, 1)
const EDGES = [0, 0.5, 0.999_999]

function delivery(attempts: number, envelope: Partial<Envelope> = {}): Delivery {
  return {
    attempts,
    message: { acceptedAt: START, envelope: { reversePath: 'me@here.test', recipients: [], ...envelope } },
    recipients: [{ address: 'a@far.test', account: '' }],
  } as unknown as Delivery
}

const later = (status: EnhancedStatus): RecipientResult => ({ kind: 'deferred', status, reason: 'later' })

/** The wait after an attempt at the start, in minutes. */
function waitOf(attempts: number, results: readonly RecipientResult[], random = 0.5): number {
  const retry = new Retry(RELAY_SETTINGS.retry, NOTICE_SETTINGS, () => random)
  return (retry.at(delivery(attempts), results, { now: START, notBefore: 0 }) - START) / MINUTE
}

test('waits grow with the attempts, and the last one goes on', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 100].map((attempts) => waitOf(attempts, [later('4.4.1')]))
  assert.deepEqual(waits, [1, 3, 10, 30, 60, 120, 240, 240, 240])
})

test('jitter makes waits shorter or longer by its share, and not more', () => {
  const [shortest, , longest] = EDGES.map((random) => waitOf(2, [later('4.4.1')], random))
  assert.equal(shortest, 9)
  assert.ok(longest! > 10.99 && longest! <= 11)
})

test('a full mailbox is not tried within half an hour, and greylisting is by the schedule', () => {
  assert.equal(waitOf(0, [later('4.2.2')]), 30)
  assert.equal(waitOf(4, [later('4.2.2')]), 60)
  for (const status of ['4.7.1', '4.2.0', '4.4.2', '4.4.3', '4.0.0'] as const)
    assert.equal(waitOf(0, [later(status)]), 1, status)
})

test('of several recipients the one who may come soonest decides', () => {
  assert.equal(waitOf(0, [later('4.2.2'), later('4.7.1'), { kind: 'relayed' }]), 1)
})

test('recipients who were too many for one transaction come at once in the next, and not if none got through', () => {
  assert.equal(waitOf(0, [{ kind: 'relayed' }, later('4.5.3')]), 0)
  assert.equal(waitOf(0, [later('4.5.3')]), 1)
})

test('no attempt is later than the moment at which the sender must hear of the delay, or of the end', () => {
  const retry = new Retry(RELAY_SETTINGS.retry, NOTICE_SETTINGS, () => 0.5)
  const at = (now: number, envelope?: Partial<Envelope>) =>
    retry.at(delivery(6, envelope), [later('4.4.1')], { now, notBefore: now + 24 * 60 * MINUTE }) - START
  assert.equal(at(START), NOTICE_SETTINGS.delayAfter)
  assert.equal(at(START + 4.5 * 24 * 60 * MINUTE), NOTICE_SETTINGS.giveUpAfter)
  const deliverBy = { at: START + 7 * MINUTE, mode: 'return', trace: false } as const
  assert.equal(at(START, { deliverBy }), 7 * MINUTE)
  assert.equal(at(START, { reversePath: '' }), 24 * 60 * MINUTE, 'nobody is told')
})

test('nothing comes before its destination may be called again', () => {
  const retry = new Retry(RELAY_SETTINGS.retry, NOTICE_SETTINGS, () => 0.5)
  const notBefore = START + 20 * MINUTE
  assert.equal(retry.at(delivery(0), [later('4.4.1')], { now: START, notBefore }), notBefore)
})

test('a back-off doubles up to the longest, within its jitter, and is forgotten', () => {
  for (const random of EDGES) {
    const backOff = new BackOff(() => random)
    for (let failures = 0; failures < 50; failures++) {
      backOff.fail({ kind: 'deferred', status: '4.4.1', reason: 'dead' }, START)
      const wait = backOff.until - START
      const middle = Math.min(FIRST_BACK_OFF_MS * 2 ** failures, LONGEST_BACK_OFF_MS)
      assert.ok(wait >= middle * (1 - BACK_OFF_JITTER) && wait <= middle * (1 + BACK_OFF_JITTER))
    }
    assert.ok(backOff.troubleAt(START))
    assert.equal(backOff.troubleAt(backOff.until), undefined)
    backOff.forget()
    assert.deepEqual([backOff.failures, backOff.until], [0, 0])
  }
})

test('a rate earns as before when somebody sets the clock back', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket(60, clock)
  while (bucket.take());
  clock.set(clock.now() - 3_600_000)
  assert.equal(bucket.wait, 1_000)
  clock.advance(1_000)
  assert.ok(bucket.take())
})

test('a rate holds over time, and a pause earns no more than a burst', () => {
  const clock = new ManualClock()
  const bucket = new TokenBucket(60, clock)
  const taken = (): number => {
    let count = 0
    while (bucket.take()) count += 1
    return count
  }
  assert.equal(taken(), 10)
  assert.equal(bucket.wait, 1_000)
  clock.advance(3_000)
  assert.equal(taken(), 3)
  clock.advance(3_600_000)
  assert.equal(taken(), 10)
  assert.ok(new TokenBucket(1, clock).take(), 'one, however small the rate')
})
