import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NumberSet, STAR, type NumberRange } from './number-set.ts'

test('N:* with N above the last message is not empty', () => {
  // RFC 3501 §6.4.8
  assert.deepEqual(new NumberSet([[559, STAR]]).resolve(23).ranges, [[23, 559]])
  assert.deepEqual(new NumberSet([[STAR, 3]]).resolve(5).ranges, [[3, 5]])
  assert.deepEqual(new NumberSet([[STAR, STAR]]).resolve(5).ranges, [[5, 5]])
})

test('a range of all numbers is not spelled out', () => {
  const all = new NumberSet([[1, 4_294_967_295]]).resolve(4_294_967_295)
  assert.deepEqual(all.ranges, [[1, 4_294_967_295]])
  assert.ok(all.has(4_000_000_000))
})

test('ranges that overlap or touch do not name a number twice', () => {
  const set = new NumberSet([
    [5, 9],
    [1, 3],
    [4, 4],
    [8, 12],
    [20, 20],
  ]).resolve(30)
  assert.equal(set.toString(), '1:12,20')
})

test('resolving neither loses nor invents a number', () => {
  const number = fc.integer({ min: 1, max: 30 })
  const range: fc.Arbitrary<NumberRange> = fc.tuple(number, number)
  fc.assert(
    fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (ranges) => {
      const resolved = new NumberSet(ranges).resolve(30)
      for (let n = 1; n <= 30; n++) {
        const meant = ranges.some(([a, b]) => n >= Math.min(a, b) && n <= Math.max(a, b))
        assert.equal(resolved.has(n), meant, `${n} of ${new NumberSet(ranges).toString()}`)
      }
    }),
    { numRuns: 200 },
  )
})

test('ascending numbers are written as ranges', () => {
  assert.equal(NumberSet.of([1, 2, 3, 7, 9, 10]).toString(), '1:3,7,9:10')
  assert.equal(new NumberSet([[1, STAR]]).toString(), '1:*')
})
