import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashPassword, UNKNOWN_HASH, verifyPassword } from './password.ts'

describe('the hash of a password', () => {
  test('is of the password and of no other, and salted', async () => {
    const [one, two] = await Promise.all([hashPassword('secret'), hashPassword('secret')])
    assert.match(one, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$=]{22}\$[^$=]{43}$/)
    assert.notEqual(one, two)
    assert.equal(await verifyPassword(one, 'secret'), true)
    assert.equal(await verifyPassword(one, 'Secret'), false)
    assert.equal(await verifyPassword(one, ''), false)
  })

  test('of the reference implementation is understood', async () => {
    // From test.c of the reference implementation of Argon2: password "password", salt "somesalt".
    const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    assert.equal(await verifyPassword(hash, 'password'), true)
    assert.equal(await verifyPassword(hash, 'differentpassword'), false)
  })

  test('of an unknown account is never right', async () => {
    assert.equal(await verifyPassword(UNKNOWN_HASH, ''), false)
    assert.equal(await verifyPassword(UNKNOWN_HASH, 'secret'), false)
  })

  const UNREADABLE = [
    '',
    'secret',
    '$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=19456,t=99,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFh',
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc\n',
  ]
  for (const hash of UNREADABLE) {
    test(`${JSON.stringify(hash.slice(0, 34))} fits no password, and no memory is spent on it`, async () => {
      assert.equal(await verifyPassword(hash, 'password'), false)
    })
  }
})
