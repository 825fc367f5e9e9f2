import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { openSecret, sealSecret, SECRET_KEY_OCTETS } from './secret-box.ts'

const key = randomBytes(SECRET_KEY_OCTETS)

test('a sealed secret comes back, and is never the same octets twice', () => {
  const sealed = sealSecret(key, 'tim', 'pässword')
  assert.equal(openSecret(key, 'tim', sealed), 'pässword')
  assert.notDeepEqual(sealSecret(key, 'tim', 'pässword'), sealed)
  assert.equal(sealed.includes('pässword'), false)
})

test('a sealed secret is nothing under another key, in another account, or changed', () => {
  const sealed = sealSecret(key, 'tim', 'password')
  assert.equal(openSecret(randomBytes(SECRET_KEY_OCTETS), 'tim', sealed), undefined)
  assert.equal(openSecret(key, 'ann', sealed), undefined)
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    assert.equal(openSecret(key, 'tim', changed), undefined, `octet ${at}`)
  }
  for (const length of [0, 12, 27])
    assert.equal(openSecret(key, 'tim', sealed.subarray(0, length)), undefined)
})
