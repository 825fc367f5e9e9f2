// Against a real HTTP server that publishes keys, changes them, is slow, and is not there.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { TokenVerifier } from '@cartero/sasl'
import { ManualClock } from '@cartero/wire'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'
import { DirectoryError } from '../directory-error.ts'
import { DEFAULT_KEY_TIMES, type KeyTimes } from './issuer-keys.ts'
import { CLOCK_TOLERANCE_S, createJwksVerifier, type JwksVerifierOptions } from './jwks-verifier.ts'

const ISSUER = 'https://id.example'
const TIM = 'tim@example.org'

interface Signer {
  readonly key: CryptoKey
  readonly jwk: JWK
}

async function signer(kid: string, alg = 'ES256'): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  return { key: privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg } }
}

const [first, second] = await Promise.all([signer('first'), signer('second')])
let server: Server
let url: URL
let published: JWK[]
let asked: number
let answer: (response: ServerResponse) => void

const publish = (response: ServerResponse): void => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ keys: published }))
}
const fail = (response: ServerResponse): void => {
  response.statusCode = 503
  response.end('not now')
}

before(async () => {
  server = createServer((_request, response) => {
    asked++
    answer(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`)
})
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  published = [first.jwk]
  asked = 0
  answer = publish
})

function verifying(over: Partial<JwksVerifierOptions> = {}) {
  const clock = new ManualClock()
  const verifier = createJwksVerifier({
    issuer: ISSUER,
    jwks: url,
    audience: 'mail',
    clock,
    ...over,
    times: { unknownKeyCoolDown: 0, ...over.times },
  })
  return { clock, verifier, ask: (token: string) => loginBy(verifier, token) }
}

async function loginBy(verifier: TokenVerifier, token: string): Promise<string | undefined> {
  return (await verifier.verify(token, AbortSignal.timeout(20_000)))?.login
}

interface TokenParts {
  readonly by?: Signer
  readonly alg?: string
  readonly kid?: string | undefined
  readonly claims?: Record<string, unknown>
  readonly audience?: string
  readonly issuer?: string
  readonly lifetime?: number
}

/** As seen by a ManualClock at its start. */
function token({
  by = first,
  claims = {},
  audience = 'mail',
  issuer = ISSUER,
  lifetime = 3600,
  ...head
}: TokenParts = {}) {
  const kid = 'kid' in head ? head.kid : by.jwk.kid
  const now = Math.floor(new ManualClock().now() / 1000)
  return new SignJWT({ email: TIM, ...claims })
    .setProtectedHeader({ alg: head.alg ?? by.jwk.alg!, ...(kid !== undefined && { kid }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetime)
    .sign(by.key)
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof DirectoryError && error.fault === 'unavailable'

describe('a token', () => {
  test('that the issuer signed is for the login that it names', async () => {
    const { ask } = verifying()
    assert.equal(await ask(await token()), TIM)
    assert.equal(await ask(await token({ claims: { email_verified: true } })), TIM)
  })

  test('of another claim, or of none, is for whom that claim names, or nobody', async () => {
    const { ask } = verifying({ loginClaim: 'preferred_username' })
    assert.equal(await ask(await token({ claims: { preferred_username: 'tim' } })), 'tim')
    for (const name of [undefined, '', 7, ['tim']])
      assert.equal(await ask(await token({ claims: { preferred_username: name } })), undefined)
  })

  test('for somebody else, from somebody else, too old, too young or not vouched for is for nobody', async () => {
    const { ask, clock } = verifying()
    for (const parts of [
      { audience: 'calendar' },
      { issuer: 'https://id.example/' },
      { lifetime: -3600 },
      { claims: { nbf: Math.floor(clock.now() / 1000) + 3600 } },
      { claims: { email_verified: false } },
    ]) {
      assert.equal(await ask(await token(parts)), undefined, JSON.stringify(parts))
    }
  })

  test('ends when it says, give or take what clocks differ', async () => {
    const { ask, clock } = verifying()
    const short = await token({ lifetime: 60 })
    clock.advance((60 + CLOCK_TOLERANCE_S - 1) * 1000)
    assert.equal(await ask(short), TIM)
    clock.advance(1000)
    assert.equal(await ask(short), undefined)
  })

  test('needs all the scopes, in whichever way the issuer says them', async () => {
    const { ask } = verifying({ scope: 'smtp imap' })
    for (const claims of [{ scope: 'openid imap smtp' }, { scp: 'imap smtp' }, { scp: ['smtp', 'imap'] }])
      assert.equal(await ask(await token({ claims })), TIM, JSON.stringify(claims))
    for (const claims of [{}, { scope: 'smtp' }, { scope: 'smtpimap' }, { scp: [7] }, { scope: {} }])
      assert.equal(await ask(await token({ claims })), undefined, JSON.stringify(claims))
  })

  // RFC 8725
  test('that is not signed, or signed with the public key as a secret, is for nobody', async () => {
    const { ask } = verifying()
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const [, claims] = (await token()).split('.')
    assert.equal(await ask(`${part({ alg: 'none' })}.${claims}.`), undefined)
    const secret = Buffer.from(JSON.stringify(first.jwk))
    const forged = await new SignJWT({ email: TIM })
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .setIssuer(ISSUER)
      .setAudience('mail')
      .setExpirationTime('1h')
      .sign(secret)
    assert.equal(await ask(forged), undefined)
    assert.equal(asked, 0, 'nobody is asked for the keys of such')
  })

  test('that was changed, cut or made up is for nobody', async () => {
    const { ask } = verifying()
    const [head, , signature] = (await token()).split('.')
    const other = (await token({ claims: { email: 'ceo@example.org' } })).split('.')[1]
    for (const text of [
      '',
      'x',
      'a.b.c',
      `${head}.${other}.${signature}`,
      `${head}.${other}`,
      `${head}..${signature}`,
    ])
      assert.equal(await ask(text), undefined, text)
  })

  test('that does not name its key is tried with all that could be meant', async () => {
    published = [second.jwk, first.jwk]
    const { ask } = verifying()
    assert.equal(await ask(await token({ kid: undefined })), TIM)
    const stranger = await signer('stranger')
    assert.equal(await ask(await token({ by: stranger, kid: undefined })), undefined)
  })
})

describe('the keys of an issuer', () => {
  test('are asked for once, and again when they are old', async () => {
    const { ask, clock } = verifying()
    const tokens = await Promise.all([token(), token(), token()])
    await Promise.all(tokens.map(ask))
    await ask(tokens[0])
    assert.equal(asked, 1)
    clock.advance(DEFAULT_KEY_TIMES.fresh)
    await ask(tokens[0])
    assert.equal(asked, 2)
  })

  test('are asked for when a new one is used, and the old one dies with its publication', async () => {
    const { ask, clock } = verifying()
    assert.equal(await ask(await token()), TIM)
    published = [second.jwk]
    assert.equal(await ask(await token({ by: second })), TIM)
    clock.advance(DEFAULT_KEY_TIMES.fresh)
    assert.equal(await ask(await token()), undefined)
  })

  test('are not asked for by every rubbish token', async () => {
    const { ask } = verifying({ times: { unknownKeyCoolDown: 30_000 } })
    await ask(await token())
    const stranger = await signer('stranger')
    for (let n = 0; n < 5; n++) assert.equal(await ask(await token({ by: stranger })), undefined)
    assert.equal(asked, 1)
  })

  test('that cannot be had are not a poor token, and nobody waits for them again and again', async () => {
    const { ask, clock } = verifying()
    const good = await token()
    answer = fail
    await assert.rejects(ask(good), isUnavailable)
    await assert.rejects(ask(good), isUnavailable)
    assert.equal(asked, 1)
    answer = publish
    clock.advance(DEFAULT_KEY_TIMES.failureCoolDown)
    assert.equal(await ask(good), TIM)
  })

  for (const [what, say] of [
    ['no keys', (response) => response.end('{}')],
    ['no JSON', (response) => response.end('<html>')],
    ['a way elsewhere', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
  ] satisfies [string, (response: ServerResponse) => void][]) {
    test(`that turn out to be ${what} are not a poor token`, async () => {
      answer = say
      await assert.rejects(verifying().ask(await token()), isUnavailable)
    })
  }

  test('that the issuer does not tell in time do not hold a login', async () => {
    answer = () => {}
    await assert.rejects(verifying({ times: { fetchLimit: 50 } }).ask(await token()), isUnavailable)
    const { verifier } = verifying()
    const hasty = new AbortController()
    const asking = verifier.verify(await token(), hasty.signal)
    hasty.abort()
    await assert.rejects(asking, isUnavailable)
    await assert.rejects(verifier.verify(await token(), AbortSignal.abort()), isUnavailable)
  })

  test('are used for a while when the issuer is away, and then no more', async () => {
    const { ask, clock } = verifying()
    const long = { lifetime: 10 * 3600 }
    const good = await token(long)
    assert.equal(await ask(good), TIM)
    answer = fail
    clock.advance(DEFAULT_KEY_TIMES.fresh)
    assert.equal(await ask(good), TIM)
    await assert.rejects(ask(await token({ by: second, ...long })), isUnavailable, 'it may be a new key')
    clock.advance(DEFAULT_KEY_TIMES.stale - DEFAULT_KEY_TIMES.fresh)
    await assert.rejects(ask(good), isUnavailable)
  })

  test('of a server that is not there are not a poor token', async () => {
    const times: Partial<KeyTimes> = { fetchLimit: 2_000 }
    const { ask } = verifying({ jwks: new URL('http://127.0.0.1:1/keys'), times })
    await assert.rejects(ask(await token()), isUnavailable)
  })

  test('do not come in the clear from elsewhere, nor for signatures that anybody can make', () => {
    for (const over of [
      { jwks: new URL('http://id.example/keys') },
      { jwks: new URL('http://127.id.example/keys') },
      { jwks: new URL('file:///keys') },
      { algorithms: ['HS256'] },
      { algorithms: ['ES256', 'none'] },
    ]) {
      assert.throws(() => verifying(over), DirectoryError)
    }
    verifying({ jwks: new URL('https://id.example/keys'), algorithms: ['PS256'] })
  })
})
