import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Resolution_Verdict as Verdict } from '@cartero/contracts/directory'
import { ManualClock } from '@cartero/wire'
import { RESOLUTION_TTL_MS, ResolutionCache } from './resolution-cache.ts'

const ANSWER = { verdict: Verdict.NO_SUCH_USER, targets: [], forwards: [], collected: [] }

describe('answers at hand', () => {
  test('are not kept when something changed while the store was asked', () => {
    const cache = new ResolutionCache(new ManualClock())
    const version = cache.version
    cache.clear()
    cache.keepResolution(version, 'tim@example.org', ANSWER)
    cache.keepSenderAllowed(version, 'tim@example.org', 'ann@example.org', true)
    assert.equal(cache.resolution('tim@example.org'), undefined)
    assert.equal(cache.senderAllowed('tim@example.org', 'ann@example.org'), undefined)
  })

  test('are not of another account or address', () => {
    const cache = new ResolutionCache(new ManualClock())
    cache.keepSenderAllowed(cache.version, 'tim@example.org', 'tim@example.org', true)
    assert.equal(cache.senderAllowed('ann@example.org', 'tim@example.org'), undefined)
    assert.equal(cache.senderAllowed('tim@example.org', 'ann@example.org'), undefined)
  })

  test('are asked for again after a while', () => {
    const clock = new ManualClock()
    const cache = new ResolutionCache(clock)
    cache.keepResolution(cache.version, 'tim@example.org', ANSWER)
    clock.advance(RESOLUTION_TTL_MS - 1)
    assert.equal(cache.resolution('tim@example.org'), ANSWER)
    clock.advance(1)
    assert.equal(cache.resolution('tim@example.org'), undefined)
  })

  test('are not kept for an address that only fills the memory', () => {
    const cache = new ResolutionCache(new ManualClock())
    const long = `${'x'.repeat(400)}@example.org`
    cache.keepResolution(cache.version, long, ANSWER)
    assert.equal(cache.resolution(long), undefined)
  })
})
