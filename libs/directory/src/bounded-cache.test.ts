import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { BoundedCache } from './bounded-cache.ts'

describe('a bounded cache', () => {
  test('keeps what was used last', () => {
    const cache = new BoundedCache<number>(new ManualClock(), 2, 1000)
    cache.set('a', 1)
    cache.set('b', 2)
    cache.get('a')
    cache.set('c', 3)
    assert.deepEqual([cache.get('a'), cache.get('b'), cache.get('c')], [1, undefined, 3])
  })

  test('does not grow when a value is replaced', () => {
    const cache = new BoundedCache<number>(new ManualClock(), 2, 1000)
    cache.set('a', 1)
    cache.set('b', 2)
    cache.set('b', 3)
    assert.deepEqual([cache.size, cache.get('a'), cache.get('b')], [2, 1, 3])
  })

  test('does not keep a value alive by reading it', () => {
    const clock = new ManualClock()
    const cache = new BoundedCache<number>(clock, 2, 1000)
    cache.set('a', 1)
    clock.advance(999)
    assert.equal(cache.get('a'), 1)
    clock.advance(1)
    assert.equal(cache.get('a'), undefined)
    assert.equal(cache.size, 0)
  })
})
