import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { cramMd5Digest } from '@cartero/sasl'
import { ManualClock } from '@cartero/wire'
import { DEFAULT_ADDRESS_POLICY } from './address.ts'
import { Authenticator, type AuthenticatorOptions } from './authenticator.ts'
import { FIRST_DELAY_MS, FREE_FAILURES, MAX_DELAY_MS, MAX_DELAYED } from './auth-throttle.ts'
import { DirectoryError } from './directory-error.ts'
import { HashQueue } from './hash-queue.ts'
import { credentialOf, verifyPassword } from './password.ts'
import { FAILURE_TTL_MS, SUCCESS_TTL_MS } from './password-cache.ts'
import { openSecret, sealSecret } from './secret-box.ts'
import type { Credential } from './verbs.ts'

const TIM = 'tim@example.org'
const ANN = 'ann@example.org'
const secret: Credential = {
  ...(await credentialOf('secret')),
  disabled: false,
  reversible: false,
  clearCramMd5: false,
}
const other: Credential = {
  ...(await credentialOf('other')),
  disabled: false,
  reversible: false,
  clearCramMd5: false,
}

/** An authenticator over accounts that a test may change under it. */
function house(
  accounts: Record<string, Credential | undefined> = { [TIM]: secret, [ANN]: other },
  rest: Partial<AuthenticatorOptions> = {},
) {
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
    ...rest,
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

describe('a flood of wrong passwords', () => {
  test('does not keep the owner out, where he has logged in before', async () => {
    const verify = async (_hash: string, password: string): Promise<boolean> => password === 'secret'
    const { authenticator, clock, login } = house({ [TIM]: secret }, { verify })
    assert.equal(await authenticator.authenticate(TIM, 'secret', '192.0.2.1'), TIM)
    clock.advance(SUCCESS_TTL_MS)
    for (let n = 0; n < 10; n++) authenticator.scramOutcome(TIM, false, '198.51.100.1')
    const flood = Array.from({ length: MAX_DELAYED }, (_, n) =>
      authenticator.authenticate(TIM, `wrong ${n}`, `198.51.100.${n % 64}`),
    )
    await assert.rejects(login(TIM, 'wrong'), DirectoryError)
    assert.equal(await authenticator.authenticate(TIM, 'secret', '192.0.2.1'), TIM)
    clock.advance(MAX_DELAY_MS)
    await Promise.all(flood)
  })
})

describe('what an older credential lacks', () => {
  const old = async (over: Partial<Credential> = {}): Promise<Credential> => {
    const { sha1: _, ...rest } = secret
    return { ...rest, ...over }
  }
  const key = randomBytes(32)

  test('is added when the right password is seen, and only then', async () => {
    type Kept = Parameters<NonNullable<AuthenticatorOptions['complete']>>
    const kept: Kept[] = []
    const complete = (...what: Kept): void => void kept.push(what)
    const { login, authenticator } = house(
      { [TIM]: await old({ reversible: true }) },
      {
        complete,
        secretKey: () => key,
      },
    )
    assert.equal((await authenticator.scramKeys(TIM, 'SHA-1')).account, '')
    await login(TIM, 'wrong')
    assert.equal(kept.length, 0)
    assert.equal(await login(TIM, 'secret'), TIM)
    const [account, hash, added] = kept[0]!
    assert.deepEqual([account, hash], [TIM, secret.hash])
    assert.equal(added.sha1?.storedKey.length, 20)
    assert.equal(openSecret(key, TIM, added.secret!), 'secret')
  })

  test('does not keep anybody out when it cannot be added', async () => {
    const complete = (): never => {
      throw new DirectoryError('unavailable', 'away')
    }
    const { login } = house({ [TIM]: await old() }, { complete })
    assert.equal(await login(TIM, 'secret'), TIM)
  })

  test('is not asked for again of a complete one', async () => {
    const complete = (): never => assert.fail('nothing is lacking')
    const { login } = house({ [TIM]: { ...secret } }, { complete })
    assert.equal(await login(TIM, 'secret'), TIM)
  })
})

describe('CRAM-MD5', () => {
  const key = randomBytes(32)
  const sealed: Credential = { ...secret, reversible: true, secret: sealSecret(key, TIM, 'secret') }
  const challenge = '<1@mail.example>'
  const digest = cramMd5Digest('secret', challenge)

  test('lets in who has the password, and nobody else', async () => {
    const { authenticator } = house({ [TIM]: sealed, [ANN]: secret }, { secretKey: () => key })
    const ask = (login: string, by = digest) => authenticator.cramMd5({ login, challenge, digest: by })
    assert.equal(await ask('TIM@example.org'), TIM)
    assert.equal(await ask(TIM, cramMd5Digest('wrong', challenge)), '')
    assert.equal(await ask(TIM, ''), '')
    assert.equal(await ask(ANN), '', 'an account whose password is not kept that way')
    assert.equal(await ask('nobody@example.org'), '')
    assert.equal(await ask('nobody'), '')
  })

  test('lets nobody in who is disabled, nor by a secret that was sealed for another', async () => {
    const disabled = house({ [TIM]: { ...sealed, disabled: true } }, { secretKey: () => key })
    assert.equal(await disabled.authenticator.cramMd5({ login: TIM, challenge, digest }), '')
    const moved = house({ [ANN]: sealed }, { secretKey: () => key })
    assert.equal(await moved.authenticator.cramMd5({ login: ANN, challenge, digest }), '')
  })

  test('in the clear is refused to whom it was not allowed as a guess is, and only the log is told why', async () => {
    const refused: unknown[] = []
    const refusedProof = (proof: unknown): void => void refused.push(proof)
    const options = { secretKey: () => key, refusedProof }
    const allowed = { ...sealed, clearCramMd5: true }
    const { accounts, authenticator, clock } = house({ [TIM]: sealed }, options)
    const ask = (by = digest) =>
      authenticator.cramMd5({ login: TIM, challenge, digest: by, inTheClear: true })
    assert.equal(await ask(cramMd5Digest('wrong', challenge)), '')
    assert.deepEqual(refused, [])
    for (let n = 1; n < FREE_FAILURES; n++) assert.equal(await ask(), '')
    assert.equal(refused.length, FREE_FAILURES - 1)
    assert.deepEqual(refused[0], { account: TIM, reason: 'cram-md5-in-the-clear' })
    accounts[TIM] = allowed
    const delayed = ask()
    clock.advance(FIRST_DELAY_MS - 1)
    const first = await Promise.race([delayed, new Promise((done) => setImmediate(done, 'waits'))])
    assert.equal(first, 'waits', 'what was right counted as wrong')
    clock.advance(1)
    assert.equal(await delayed, TIM)
    accounts[TIM] = { ...allowed, disabled: true }
    assert.equal(await ask(), '')
    assert.equal(refused.length, FREE_FAILURES - 1)
  })

  test('is slowed down as other guesses are', async () => {
    const { authenticator, clock } = house({ [TIM]: sealed }, { secretKey: () => key })
    for (let n = 0; n < FREE_FAILURES; n++)
      await authenticator.cramMd5({ login: TIM, challenge, digest: `${n}` })
    const delayed = authenticator.cramMd5({ login: TIM, challenge, digest })
    clock.advance(FIRST_DELAY_MS)
    assert.equal(await delayed, TIM)
  })
})
