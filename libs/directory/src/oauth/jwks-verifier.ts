import type { TokenVerifier } from '@cartero/sasl'
import { parseIpv4, systemClock, type Clock } from '@cartero/wire'
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose'
import { DirectoryError } from '../directory-error.ts'
import { DEFAULT_KEY_TIMES, IssuerKeys, type KeyTimes } from './issuer-keys.ts'

/** Seconds by which the issuer's clock may differ from ours. */
export const CLOCK_TOLERANCE_S = 30

/** Signatures that only the issuer can make: with a shared secret (HS256) or none, anybody could. RFC 8725 */
export const DEFAULT_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

export interface JwksVerifierOptions {
  /** As it stands in the tokens, to the letter. */
  readonly issuer: string
  /** Where the issuer publishes its keys: https, or http on this machine. */
  readonly jwks: URL
  /** For whom the token must have been made: a token for another service is none for us. RFC 8725 */
  readonly audience: string
  /** The claim that names the login: `email` when absent. */
  readonly loginClaim?: string | undefined
  /** Words that must all be among the scopes of the token. */
  readonly scope?: string | undefined
  readonly algorithms?: readonly string[]
  readonly clock?: Clock
  readonly times?: Partial<KeyTimes>
}

/**
 * Verifies tokens that are signed (RFC 7519) by the published keys of their issuer, without asking him for each. Throws
 * DirectoryError when it is told to trust what cannot be trusted.
 */
export function createJwksVerifier(options: JwksVerifierOptions): TokenVerifier {
  const { issuer, jwks, audience, loginClaim = 'email', clock = systemClock } = options
  const algorithms = [...(options.algorithms ?? DEFAULT_ALGORITHMS)]
  expectTrustworthy(jwks, algorithms)
  const keys = new IssuerKeys(jwks, clock, { ...DEFAULT_KEY_TIMES, ...options.times })
  const rules = {
    issuer,
    audience,
    algorithms,
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['exp', loginClaim],
  }
  const read = async (token: string): Promise<{ login: string } | undefined> => {
    try {
      const payload = await verified(token, keys, { ...rules, currentDate: new Date(clock.now()) })
      return loginOf(payload, loginClaim, options.scope)
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
  return { verify: (token, signal) => unlessAborted(read(token), signal) }
}

/** Rejects with JOSEError when the token is not good. */
async function verified(token: string, keys: IssuerKeys, rules: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys.find, rules)).payload
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    return verifiedByAny(token, error, rules)
  }
}

/** The token does not say which of several keys it means. */
async function verifiedByAny(
  token: string,
  candidates: errors.JWKSMultipleMatchingKeys,
  rules: JWTVerifyOptions,
): Promise<JWTPayload> {
  for await (const key of candidates) {
    try {
      return (await jwtVerify(token, key, rules)).payload
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}

function loginOf(payload: JWTPayload, claim: string, scope = ''): { login: string } | undefined {
  const login = payload[claim]
  if (typeof login !== 'string' || login === '') return undefined
  // An address that its issuer does not vouch for is anybody's to claim (OpenID Connect Core §5.1).
  if (claim === 'email' && payload['email_verified'] === false) return undefined
  const granted = scopesOf(payload)
  const wanted = scope.split(' ').filter((word) => word !== '')
  return wanted.every((word) => granted.has(word)) ? { login } : undefined
}

/** `scope` is a text of words; some issuers say `scp`, and some a list. */
function scopesOf(payload: JWTPayload): ReadonlySet<string> {
  const said: unknown = payload['scope'] ?? payload['scp']
  if (typeof said === 'string') return new Set(said.split(' '))
  return new Set(Array.isArray(said) ? said.filter((word) => typeof word === 'string') : [])
}

function expectTrustworthy({ protocol, hostname, href }: URL, algorithms: readonly string[]): void {
  const isHere = hostname === 'localhost' || hostname === '[::1]' || parseIpv4(hostname)?.[0] === 127
  if (protocol !== 'https:' && !(protocol === 'http:' && isHere)) {
    throw new DirectoryError('invalid', `the keys of tokens must come over https, not from ${href}`)
  }
  const worthless = algorithms.find((name) => !DEFAULT_ALGORITHMS.includes(name))
  if (worthless !== undefined) {
    throw new DirectoryError('invalid', `the signature algorithm ${worthless} proves nothing of the issuer`)
  }
}

/** The answer, or the reason of the signal as soon as it aborts. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      const options = { cause: signal.reason as unknown }
      reject(new DirectoryError('unavailable', 'the issuer of tokens did not answer in time', options))
    }
    if (signal.aborted) return giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
