import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import fc from 'fast-check'
import { PasswordCache } from './password-cache.ts'

const noNul = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\0', ''))

describe('keys of the password cache', () => {
  test('are different for different pairs of login and password', () => {
    const cache = new PasswordCache(new ManualClock())
    fc.assert(
      fc.property(noNul, fc.string(), noNul, fc.string(), (login, password, otherLogin, otherPassword) => {
        const same = login === otherLogin && password === otherPassword
        const equal = cache.keyOf(login, password) === cache.keyOf(otherLogin, otherPassword)
        assert.equal(equal, same)
      }),
    )
  })

  test('are different where the boundary moves', () => {
    const cache = new PasswordCache(new ManualClock())
    fc.assert(
      fc.property(noNul, fc.nat(12), fc.nat(12), (text, one, other) => {
        const keyAt = (at: number): string => cache.keyOf(text.slice(0, at), text.slice(at))
        const same = Math.min(one, text.length) === Math.min(other, text.length)
        assert.equal(keyAt(one) === keyAt(other), same)
      }),
    )
  })

  test('of one process say nothing in another', () => {
    const clock = new ManualClock()
    assert.notEqual(new PasswordCache(clock).keyOf('tim', 'x'), new PasswordCache(clock).keyOf('tim', 'x'))
  })

  test('do not contain the password', () => {
    assert.doesNotMatch(new PasswordCache(new ManualClock()).keyOf('tim', 'hunter2'), /hunter2/)
  })
})

describe('what the password cache forgets', () => {
  test('is all of the one login and nothing of another', () => {
    const cache = new PasswordCache(new ManualClock())
    const [right, wrong, ann] = [
      cache.keyOf('tim', 'right'),
      cache.keyOf('tim', 'wrong'),
      cache.keyOf('ann', 'right'),
    ]
    cache.remember(right, 'tim', true)
    cache.remember(wrong, 'tim', false)
    cache.remember(ann, 'ann', true)
    assert.deepEqual([cache.recall(right), cache.recall(wrong)], [true, false])
    cache.forget('tim')
    assert.deepEqual(
      [cache.recall(right), cache.recall(wrong), cache.recall(ann)],
      [undefined, undefined, true],
    )
  })

  test('is what is oldest when it is full, so that guesses cannot fill the memory', () => {
    const cache = new PasswordCache(new ManualClock(), 2)
    for (const password of ['a', 'b', 'c']) cache.remember(cache.keyOf('tim', password), 'tim', false)
    assert.deepEqual(
      ['a', 'b', 'c'].map((password) => cache.recall(cache.keyOf('tim', password))),
      [undefined, false, false],
    )
  })

  test('does not let wrong guesses push out what was right', () => {
    const cache = new PasswordCache(new ManualClock(), 2)
    const right = cache.keyOf('tim', 'right')
    cache.remember(right, 'tim', true)
    for (let n = 0; n < 10; n++) cache.remember(cache.keyOf('tim', `${n}`), 'tim', false)
    assert.equal(cache.recall(right), true)
  })
})
