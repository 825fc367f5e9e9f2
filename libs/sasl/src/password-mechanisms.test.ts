import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LoginClient, LoginServer } from './login.ts'
import { MAX_FIELD, SaslClientError, type SaslStep } from './mechanism.ts'
import { parsePlain, PlainClient, PlainServer } from './plain.ts'
import type { CredentialVerifier } from './verifier.ts'

const tim: CredentialVerifier = {
  password: (login, password) =>
    Promise.resolve(login === 'tim' && password === 'tanstaaftanstaaf' ? 'tim@example.org' : undefined),
  scramKeys: () => Promise.reject(new Error('not asked here')),
}
const away: CredentialVerifier = {
  password: () => Promise.reject(new Error('no database')),
  scramKeys: () => Promise.reject(new Error('no database')),
}
const SUCCESS: SaslStep = { kind: 'success', account: 'tim@example.org' }

function kindOf(step: SaslStep): string {
  return step.kind === 'failure' ? step.reason : step.kind
}

async function plain(message: string | Buffer, verifier = tim): Promise<SaslStep> {
  return new PlainServer(verifier).next(Buffer.from(message))
}

async function loginWith(...responses: (string | undefined)[]): Promise<SaslStep> {
  const mechanism = new LoginServer(tim)
  let step: SaslStep | undefined
  for (const response of responses) {
    step = await mechanism.next(response === undefined ? undefined : Buffer.from(response))
    if (step.kind === 'failure') break
  }
  return step!
}

describe('PLAIN', () => {
  test('lets in with the example of RFC 4616 §4', async () => {
    assert.deepEqual(await plain('\0tim\0tanstaaftanstaaf'), SUCCESS)
  })

  test('asks with no octets when there is no initial response', () => {
    assert.deepEqual(new PlainServer(tim).next(undefined), { kind: 'challenge', bytes: Buffer.alloc(0) })
  })

  test('does not let one act for another, and takes oneself by name', async () => {
    assert.equal(kindOf(await plain('Ursel\0tim\0tanstaaftanstaaf')), 'credentials')
    assert.deepEqual(await plain('tim\0tim\0tanstaaftanstaaf'), SUCCESS)
  })

  test('says who was claimed when it refuses', async () => {
    assert.deepEqual(await plain('\0tim\0wrong'), { kind: 'failure', reason: 'credentials', login: 'tim' })
  })

  const MALFORMED: readonly (readonly [string, string | Buffer])[] = [
    ['nothing', ''],
    ['one NUL', '\0tim'],
    ['no login', '\0\0secret'],
    ['no password', '\0tim\0'],
    ['a third NUL', '\0tim\0tanstaaf\0tanstaaf'],
    ['a password with NUL at its end', '\0tim\0tanstaaftanstaaf\0'],
    ['what is not UTF-8', Buffer.from([0, 0x74, 0, 0xff])],
    ['a login that is too long', `\0${'x'.repeat(MAX_FIELD + 1)}\0secret`],
    ['a password that is too long', `\0tim\0${'x'.repeat(MAX_FIELD + 1)}`],
  ]
  for (const [what, message] of MALFORMED) {
    test(`refuses ${what} as malformed`, async () => assert.equal(kindOf(await plain(message)), 'malformed'))
  }

  test('finds a login that is written another way', async () => {
    assert.deepEqual(await plain('\0t\u00ADim\0tanstaaftanstaaf'), SUCCESS)
  })

  test('a password of prohibited characters never reaches the verifier', async () => {
    assert.equal(kindOf(await plain('\0tim\0a\u0007', away)), 'credentials')
  })

  test('a directory that is away is not a wrong password', async () => {
    assert.equal(kindOf(await plain('\0tim\0secret', away)), 'unavailable')
  })

  test('no octets make the parser throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
        const message = parsePlain(Buffer.from(octets))
        assert.ok(message === undefined || message.password.length > 0)
      }),
    )
  })

  test('the client speaks to the server', async () => {
    const client = new PlainClient('tim', 'tanstaaftanstaaf')
    assert.deepEqual(await new PlainServer(tim).next(client.initial()), SUCCESS)
    assert.throws(() => client.respond(), SaslClientError)
  })
})

describe('LOGIN', () => {
  test('asks for the user name, then for the password', async () => {
    const mechanism = new LoginServer(tim)
    assert.deepEqual(mechanism.next(undefined), { kind: 'challenge', bytes: Buffer.from('Username:') })
    assert.deepEqual(mechanism.next(Buffer.from('tim')), {
      kind: 'challenge',
      bytes: Buffer.from('Password:'),
    })
    assert.deepEqual(await mechanism.next(Buffer.from('tanstaaftanstaaf')), SUCCESS)
  })

  test('takes the user name as initial response, as Outlook sends it', async () => {
    assert.deepEqual(await loginWith('tim', 'tanstaaftanstaaf'), SUCCESS)
  })

  // Mox aead738: `AUTH LOGIN =`
  test('takes an initial response of nothing for none', async () => {
    assert.deepEqual(await loginWith('', 'tim', 'tanstaaftanstaaf'), SUCCESS)
  })

  test('refuses what is empty, has NULs or is too long', async () => {
    for (const responses of [
      [undefined, ''],
      ['', ''],
      ['ti\0m'],
      ['x'.repeat(MAX_FIELD + 1)],
      ['tim', ''],
      ['tim', 'a\0b'],
    ]) {
      assert.equal(kindOf(await loginWith(...responses)), 'malformed')
    }
  })

  test('refuses a wrong password', async () => {
    assert.equal(kindOf(await loginWith(undefined, 'tim', 'wrong')), 'credentials')
  })

  test('the client speaks to the server, whatever the words of the questions', async () => {
    const client = new LoginClient('tim', 'tanstaaftanstaaf')
    assert.equal(client.initial(), undefined)
    assert.equal(client.complete, false)
    assert.deepEqual(
      await loginWith(undefined, client.respond().toString(), client.respond().toString()),
      SUCCESS,
    )
    assert.equal(client.complete, true)
    assert.throws(() => client.respond(), SaslClientError)
  })
})
