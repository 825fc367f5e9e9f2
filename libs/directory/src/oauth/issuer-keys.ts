import type { Clock } from '@cartero/wire'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose'
import { DirectoryError } from '../directory-error.ts'

/** All in milliseconds. */
export interface KeyTimes {
  /** How long the issuer may take to tell its keys. */
  readonly fetchLimit: number
  /** How long keys are used before they are asked for again. */
  readonly fresh: number
  /** How long old keys are still used when the issuer is away. */
  readonly stale: number
  /** Between two questions because of a key that is not known. */
  readonly unknownKeyCoolDown: number
  /** How long nobody asks again after a failure. */
  readonly failureCoolDown: number
}

export const DEFAULT_KEY_TIMES: KeyTimes = {
  // A login waits for it.
  fetchLimit: 5_000,
  // Issuers announce new keys hours before they sign with them.
  fresh: 10 * 60_000,
  // Who has a token works on, and a key that was withdrawn dies.
  stale: 60 * 60_000,
  // Rubbish tokens must not make us a nuisance to the issuer.
  unknownKeyCoolDown: 30_000,
  // Logins that need old keys need not wait for each failure anew.
  failureCoolDown: 10_000,
}

type Key = ReturnType<JWTVerifyGetKey>

/** The public keys of an issuer, read over HTTP when they are needed. RFC 7517 */
export class IssuerKeys {
  readonly #url: URL
  readonly #clock: Clock
  readonly #times: KeyTimes
  readonly #remote: ReturnType<typeof createRemoteJWKSet>
  #readAt: number | undefined
  #failure: { readonly at: number; readonly error: DirectoryError } | undefined

  constructor(url: URL, clock: Clock, times: KeyTimes) {
    this.#url = url
    this.#clock = clock
    this.#times = times
    this.#remote = createRemoteJWKSet(url, {
      timeoutDuration: times.fetchLimit,
      cooldownDuration: times.unknownKeyCoolDown,
      // When they are old is decided here, where there is a clock.
      cacheMaxAge: Infinity,
    })
  }

  /** Rejects with DirectoryError `unavailable` when the issuer cannot be asked, with JOSEError when it has no such key. */
  readonly find = async (header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Awaited<Key>> => {
    await this.#refresh()
    if (this.#failure !== undefined) return this.#findAmongOld(header, token, this.#failure.error)
    try {
      return await this.#remote(header, token)
    } catch (error) {
      if (isAboutToken(error)) throw error
      throw this.#failed(error)
    }
  }

  async #refresh(): Promise<void> {
    const now = this.#clock.now()
    if (this.#readAt !== undefined && now < this.#readAt + this.#times.fresh && this.#failure === undefined)
      return
    if (this.#failure !== undefined && now < this.#failure.at + this.#times.failureCoolDown) return
    try {
      await this.#remote.reload()
      this.#readAt = this.#clock.now()
      this.#failure = undefined
    } catch (error) {
      this.#failed(error)
    }
  }

  async #findAmongOld(
    header: JWSHeaderParameters,
    token: FlattenedJWSInput,
    failure: DirectoryError,
  ): Promise<Awaited<Key>> {
    const keys = this.#remote.jwks()
    const isTooOld = this.#readAt === undefined || this.#clock.now() >= this.#readAt + this.#times.stale
    if (keys === undefined || isTooOld) throw failure
    try {
      return await createLocalJWKSet(keys)(header, token)
    } catch (error) {
      // It may be a new one.
      throw error instanceof errors.JWKSNoMatchingKey ? failure : error
    }
  }

  #failed(cause: unknown): DirectoryError {
    const error = new DirectoryError('unavailable', `the keys of ${this.#url.href} cannot be read`, { cause })
    this.#failure = { at: this.#clock.now(), error }
    return error
  }
}

/** The keys are there; what is wrong is what the token says of its own. */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}
