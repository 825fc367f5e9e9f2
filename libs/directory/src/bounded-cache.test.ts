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

  test('is bounded, and keeps what is used all the time', () => {
    const cache = new BoundedCache<number>(new ManualClock(), 10, 1000)
    cache.set('used', -1)
    for (let n = 0; n < 100; n++) {
      cache.set(`${n}`, n)
      assert.equal(cache.get('used'), -1)
      assert.ok(cache.size <= 10)
    }
    assert.equal(cache.get('99'), 99)
    assert.equal(cache.get('50'), undefined)
  })

  test('forgets in both of its halves', () => {
    const cache = new BoundedCache<number>(new ManualClock(), 4, 1000)
    for (let n = 0; n < 4; n++) cache.set(`${n}`, n)
    cache.deleteWhere((value) => value % 2 === 0)
    assert.deepEqual(
      [0, 1, 2, 3].map((n) => cache.get(`${n}`)),
      [undefined, 1, undefined, 3],
    )
    cache.clear()
    assert.equal(cache.size, 0)
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
