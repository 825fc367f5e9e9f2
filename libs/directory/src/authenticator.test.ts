import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock } from '@cartero/wire'
import { DEFAULT_ADDRESS_POLICY } from './address.ts'
import { Authenticator } from './authenticator.ts'
import { FIRST_DELAY_MS, FREE_FAILURES } from './auth-throttle.ts'
import { DirectoryError } from './directory-error.ts'
import { HashQueue } from './hash-queue.ts'
import { credentialOf, verifyPassword } from './password.ts'
import { FAILURE_TTL_MS, SUCCESS_TTL_MS } from './password-cache.ts'
import type { Credential } from './verbs.ts'

const TIM = 'tim@example.org'
const ANN = 'ann@example.org'
const secret: Credential = { ...(await credentialOf('secret')), disabled: false }
const other: Credential = { ...(await credentialOf('other')), disabled: false }

/** An authenticator over accounts that a test may change under it. */
function house(accounts: Record<string, Credential | undefined> = { [TIM]: secret, [ANN]: other }) {
  const clock = new ManualClock()
  const hashes: string[] = []
  const reads: string[] = []
  const authenticator = new Authenticator({
    policy: DEFAULT_ADDRESS_POLICY,
    clock,
    queue: new HashQueue(),
    verify: (hash, password) => {
      hashes.push(hash)
      return verifyPassword(hash, password)
    },
    credential: (account) => {
      reads.push(account)
      return Promise.resolve(accounts[account])
    },
    decoyKey: () => Buffer.alloc(32),
  })
  const login = (name: string, password: string): Promise<string> =>
    authenticator.authenticate(name, password)
  return { accounts, authenticator, clock, hashes, login, reads }
}

describe('the memory of passwords', () => {
  test('cannot let one user become another', async () => {
    const { login } = house()
    assert.equal(await login(TIM, 'secret'), TIM)
    assert.equal(await login(ANN, 'other'), ANN)
    assert.equal(await login(ANN, 'secret'), '')
    assert.equal(await login(TIM, 'other'), '')
    assert.equal(await login(TIM, 'secret'), TIM)
    assert.equal(await login('nobody@example.org', 'secret'), '')
  })

  test('does not let the end of a login be the beginning of a password', async () => {
    const { login } = house({ [TIM]: secret, 'tim@example.or': secret })
    assert.equal(await login(TIM, 'secret'), TIM)
    for (const [name, password] of [
      ['tim@example.or', 'gsecret'],
      ['tim@example.or', 'g\0secret'],
      [`${TIM}\0sec`, 'ret'],
      [`${TIM}\0secret`, ''],
      ['', `${TIM}\0secret`],
    ] as const) {
      assert.equal(await login(name, password), '')
    }
  })

  test('spares the hash of a password that was right a moment ago', async () => {
    const { login, hashes, clock } = house()
    for (let n = 0; n < 3; n++) assert.equal(await login('TIM@example.org', 'secret'), TIM)
    assert.equal(hashes.length, 1)
    clock.advance(SUCCESS_TTL_MS)
    await login(TIM, 'secret')
    assert.equal(hashes.length, 2)
  })

  test('spares the hash of a wrong password that is tried again, for a moment', async () => {
    const { login, hashes, clock } = house()
    for (let n = 0; n < 3; n++) assert.equal(await login(TIM, 'wrong'), '')
    assert.equal(hashes.length, 1)
    clock.advance(FAILURE_TTL_MS)
    await login(TIM, 'wrong')
    assert.equal(hashes.length, 2)
  })

  test('makes four connections at once cost one hash', async () => {
    const { login, hashes } = house()
    const answers = await Promise.all(Array.from({ length: 4 }, () => login(TIM, 'secret')))
    assert.deepEqual(new Set(answers), new Set([TIM]))
    assert.equal(hashes.length, 1)
  })

  test('forgets a password that was changed, whichever of the two was tried before', async () => {
    const { accounts, authenticator, login } = house()
    await login(TIM, 'secret')
    await login(TIM, 'other')
    accounts[TIM] = other
    authenticator.forget('Tim@Example.org')
    assert.equal(await login(TIM, 'secret'), '')
    assert.equal(await login(TIM, 'other'), TIM)
  })

  test('keeps nothing of a check that began before the password was changed', async () => {
    const { accounts, authenticator, login, reads } = house()
    const late = login(TIM, 'secret')
    while (reads.length === 0) await Promise.resolve()
    accounts[TIM] = other
    authenticator.forget(TIM)
    const afterwards = login(TIM, 'secret')
    assert.equal(await late, TIM, 'it was the right password when it was asked')
    assert.equal(await afterwards, '')
    assert.equal(await login(TIM, 'secret'), '')
  })
})

describe('who does not exist', () => {
  test('costs a hash with the same parameters as that of everybody else', async () => {
    const { login, hashes } = house({ [TIM]: secret, [ANN]: { ...other, disabled: true } })
    const answers = [
      await login('nobody@example.org', 'secret'),
      await login(ANN, 'other'),
      await login(TIM, 'no'),
    ]
    assert.deepEqual(answers, ['', '', ''])
    assert.equal(hashes.length, 3)
    assert.deepEqual(new Set(hashes.map(parametersOf)), new Set(['$argon2id$v=19$m=19456,t=2,p=1 22 43']))
  })

  test('is delayed like everybody else', async () => {
    const { login, clock, hashes } = house()
    for (let n = 0; n < FREE_FAILURES; n++) await login('nobody@example.org', `wrong ${n}`)
    const delayed = login('nobody@example.org', 'wrong')
    assert.equal(hashes.length, FREE_FAILURES)
    clock.advance(FIRST_DELAY_MS)
    assert.equal(await delayed, '')
    assert.equal(hashes.length, FREE_FAILURES + 1)
  })
})

describe('guessing', () => {
  test('does not keep out who has the right password, and had it before', async () => {
    const { login } = house()
    await login(TIM, 'secret')
    for (let n = 0; n < FREE_FAILURES; n++) await login(TIM, `wrong ${n}`)
    assert.equal(await login(TIM, 'secret'), TIM)
  })

  test('delays who has the right password, and then lets in', async () => {
    const { login, clock } = house()
    for (let n = 0; n < FREE_FAILURES; n++) await login(TIM, `wrong ${n}`)
    const delayed = login(TIM, 'secret')
    clock.advance(FIRST_DELAY_MS)
    assert.equal(await delayed, TIM)
  })

  test('is forgotten when the right password comes', async () => {
    const { login } = house()
    for (let n = 1; n < FREE_FAILURES; n++) await login(TIM, `wrong ${n}`)
    assert.equal(await login(TIM, 'secret'), TIM)
    for (let n = 0; n < FREE_FAILURES; n++) assert.equal(await login(TIM, `wrong again ${n}`), '')
  })

  test('is forgotten when the operator sets a new password', async () => {
    const { authenticator, login } = house()
    for (let n = 0; n < FREE_FAILURES; n++) await login(TIM, `wrong ${n}`)
    authenticator.forget(TIM)
    assert.equal(await login(TIM, 'secret'), TIM)
  })
})

test('a store that is away is not a wrong password, and is asked again', async () => {
  let away = true
  const authenticator = new Authenticator({
    policy: DEFAULT_ADDRESS_POLICY,
    clock: new ManualClock(),
    queue: new HashQueue(),
    credential: () =>
      away ? Promise.reject(new DirectoryError('unavailable', 'away')) : Promise.resolve(secret),
    decoyKey: () => Buffer.alloc(32),
  })
  await assert.rejects(authenticator.authenticate(TIM, 'secret'), DirectoryError)
  away = false
  assert.equal(await authenticator.authenticate(TIM, 'secret'), TIM)
})

/** What the time of a hash depends on: parameters, and the lengths of salt and tag. */
function parametersOf(hash: string): string {
  const parts = hash.split('$')
  return `${parts.slice(0, 4).join('$')} ${parts[4]?.length} ${parts[5]?.length}`
}

describe('guessing by SCRAM', () => {
  test('is slowed down as guessing by PLAIN is, whether the login exists or not', async () => {
    for (const name of [TIM, 'nobody@example.org']) {
      const { authenticator, clock } = house()
      for (let i = 0; i < FREE_FAILURES; i++) {
        await authenticator.scramKeys(name)
        authenticator.scramOutcome(name.toUpperCase(), false)
      }
      let answered = false
      const keys = authenticator.scramKeys(name).then(() => (answered = true))
      clock.advance(FIRST_DELAY_MS - 1)
      await new Promise(setImmediate)
      assert.equal(answered, false, name)
      clock.advance(1)
      await keys
    }
  })

  test('does not slow down whoever has the password after it was right', async () => {
    const { authenticator } = house()
    for (let i = 0; i < 10; i++) authenticator.scramOutcome(TIM, false)
    authenticator.scramOutcome(TIM, true)
    assert.equal((await authenticator.scramKeys(TIM)).account, TIM)
  })
})
