import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TlsFacts } from '@cartero/wire'
import fc from 'fast-check'
import { BearerClient, MAX_TOKEN, parsePairs } from './bearer.ts'
import type { SaslServerContext } from './context.ts'
import { MAX_FIELD, type SaslStep } from './mechanism.ts'
import { oauthBearer, parseOauthBearer } from './oauthbearer.ts'
import type { CredentialVerifier } from './verifier.ts'
import { parseXoauth2, xoauth2 } from './xoauth2.ts'

const TOKEN = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=='
const TIM = 'user@example.com'
// RFC 7628 §4.1
const MESSAGE = `n,a=${TIM},\x01host=server.example.com\x01port=143\x01auth=Bearer ${TOKEN}\x01\x01`
const XMESSAGE = `user=${TIM}\x01auth=Bearer ${TOKEN}\x01\x01`
const tls: TlsFacts = { version: 'TLSv1.3', cipher: 'any', serverName: 'server.example.com' }

const verifier: CredentialVerifier = {
  password: () => Promise.resolve(undefined),
  scramKeys: () => Promise.reject(new Error('not asked here')),
  token: async (token, claimed) => (token === TOKEN && (claimed === '' || claimed === TIM) ? TIM : undefined),
}
const context: SaslServerContext = {
  verifier,
  tls,
  tokenAdvice: { scope: 'mail', openidConfiguration: 'https://id.example/.well-known/openid-configuration' },
}
const oauth = (message: string) => parseOauthBearer(Buffer.from(message), tls)
const kindOf = (step: SaslStep): string => (step.kind === 'failure' ? step.reason : step.kind)

describe('OAUTHBEARER', () => {
  test('takes the example of RFC 7628 §4.1', async () => {
    const step = await oauthBearer.create(context).next(Buffer.from(MESSAGE))
    assert.deepEqual(step, { kind: 'success', account: TIM })
  })

  test('the client says what RFC 7628 §4.1 shows', () => {
    const client = oauthBearer.connect({ login: TIM, token: TOKEN, host: 'server.example.com', port: 143 })
    assert.equal(client.initial()?.toString(), MESSAGE)
  })

  // RFC 7628 §3.2.2, §3.2.3
  test('a poor token is answered by what a good one must be, and fails after the dummy', async () => {
    const server = oauthBearer.create(context)
    const step = await server.next(Buffer.from(MESSAGE.replace(TOKEN, 'bad')))
    assert.ok(step.kind === 'challenge')
    assert.deepEqual(JSON.parse(step.bytes.toString()), {
      status: 'invalid_token',
      scope: 'mail',
      'openid-configuration': 'https://id.example/.well-known/openid-configuration',
    })
    const client = oauthBearer.connect({ login: TIM, token: 'bad' })
    assert.ok(client instanceof BearerClient)
    const dummy = client.respond(step.bytes)
    assert.deepEqual(dummy, Buffer.from([1]))
    assert.match(client.advice ?? '', /invalid_token/)
    const refused: SaslStep = { kind: 'failure', reason: 'credentials', login: TIM }
    assert.deepEqual(await server.next(dummy), refused)
    assert.deepEqual(await server.next(Buffer.from(MESSAGE)), refused, 'the right token comes too late')
  })

  test('nobody acts for another with a token of his own', async () => {
    const step = await oauthBearer.create(context).next(Buffer.from(MESSAGE.replace('user@', 'ceo@')))
    assert.equal(step.kind, 'challenge')
  })

  test('an issuer that is away is not a poor token', async () => {
    const away = { ...verifier, token: () => Promise.reject(new Error('no keys')) }
    const step = await oauthBearer.create({ ...context, verifier: away }).next(Buffer.from(MESSAGE))
    assert.equal(kindOf(step), 'unavailable')
  })

  test('a message that was made for another server is refused', () => {
    assert.equal(oauth(MESSAGE.replace('server.', 'other.')), undefined)
    assert.ok(oauth(MESSAGE.replace('server.', 'SERVER.')))
    assert.ok(
      parseOauthBearer(Buffer.from(MESSAGE.replace('server.', 'other.'))),
      'nothing to compare it with',
    )
    for (const port of ['0', '65536', '-1', '1e3', ''])
      assert.equal(oauth(MESSAGE.replace('143', port)), undefined, port)
  })

  test('unknown keys are passed by, names are unescaped, the scheme has no case', () => {
    assert.ok(oauth(`n,,\x01mthd=POST\x01path=/\x01auth=bearer ${TOKEN}\x01qs=\x01\x01`))
    assert.equal(oauth(`n,a=a=2Cb=3D@x,\x01auth=BEARER ${TOKEN}\x01\x01`)?.claimed, 'a,b=@x')
    assert.equal(oauth(`y,,\x01auth=Bearer ${TOKEN}\x01\x01`)?.claimed, '')
  })

  for (const message of [
    '',
    '\x01',
    'n,,',
    'n,,\x01',
    'n,,\x01\x01',
    `n,,\x01auth=Bearer ${TOKEN}`,
    `n,,\x01auth=Bearer ${TOKEN}\x01`,
    `n,,\x01auth=Bearer\x01\x01`,
    `n,,\x01auth=Basic ${TOKEN}\x01\x01`,
    `n,,\x01auth=Bearer a b\x01\x01`,
    `n,,\x01auth=Bearer ${TOKEN}\x01auth=Bearer ${TOKEN}\x01\x01`,
    `n,,\x01auth=Bearer ${TOKEN}\x01\x01\x01`,
    `p=tls-exporter,,\x01auth=Bearer ${TOKEN}\x01\x01`,
    `n,${TIM},\x01auth=Bearer ${TOKEN}\x01\x01`,
    `n,a=a=b,\x01auth=Bearer ${TOKEN}\x01\x01`,
    `n,,\x01auth=Bearer ${'x'.repeat(MAX_TOKEN)}\x01\x01`,
    `n,,\x01auth=Bearer ${TOKEN}\x01qs=${'x'.repeat(MAX_TOKEN + MAX_FIELD)}\x01\x01`,
    `n,,\x01auth=Bearer \0\x01\x01`,
  ]) {
    test(`${JSON.stringify(message.slice(0, 60))} is malformed`, () =>
      assert.equal(oauth(message), undefined))
  }
})

describe('XOAUTH2', () => {
  test('both sides say what Google shows', async () => {
    const client = xoauth2.connect({ login: TIM, token: TOKEN })
    assert.equal(client.initial()?.toString(), XMESSAGE)
    assert.deepEqual(await xoauth2.create(context).next(client.initial()), { kind: 'success', account: TIM })
  })

  test('a poor token is answered in Google’s way, and fails after an empty answer', async () => {
    const server = xoauth2.create(context)
    const step = await server.next(Buffer.from(XMESSAGE.replace(TOKEN, 'bad')))
    assert.ok(step.kind === 'challenge')
    assert.deepEqual(JSON.parse(step.bytes.toString()), { status: '401', schemes: 'bearer', scope: 'mail' })
    const client = xoauth2.connect({ login: TIM, token: 'bad' })
    assert.equal(kindOf(await server.next(client.respond(step.bytes))), 'credentials')
  })

  test('a message without user, without token or with more than both is malformed', () => {
    assert.ok(parseXoauth2(Buffer.from(XMESSAGE)))
    for (const message of [
      '',
      `auth=Bearer ${TOKEN}\x01\x01`,
      `user=\x01auth=Bearer ${TOKEN}\x01\x01`,
      `user=${TIM}\x01\x01`,
      XMESSAGE.slice(0, -1),
      `${XMESSAGE}x`,
    ]) {
      assert.equal(parseXoauth2(Buffer.from(message)), undefined, message)
    }
  })
})

test('no octets make a parser of tokens throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
      parseOauthBearer(Buffer.from(octets))
      parseXoauth2(Buffer.from(octets))
      parsePairs(Buffer.from(octets).toString('latin1'))
    }),
  )
})
