import { createHmac } from 'node:crypto'
import { saslprep } from '@cartero/sasl'
import type { ScramKeysResponse } from '@cartero/contracts/directory'
import type { Clock, MaybePromise } from '@cartero/wire'
import { type AddressPolicy, parseAddress } from './address.ts'
import { AuthThrottle } from './auth-throttle.ts'
import type { HashQueue } from './hash-queue.ts'
import {
  credentialOf,
  expectPassword,
  MAX_PASSWORD_OCTETS,
  SCRAM_ITERATIONS,
  UNKNOWN_HASH,
  verifyPassword,
} from './password.ts'
import { PasswordCache } from './password-cache.ts'
import type { CredentialRecord } from './records.ts'
import type { Credential } from './verbs.ts'

export interface AuthenticatorOptions {
  readonly policy: AddressPolicy
  readonly clock: Clock
  readonly queue: HashQueue
  /** The stored credential of a canonical address. */
  readonly credential: (account: string) => MaybePromise<Credential | undefined>
  readonly decoyKey: () => MaybePromise<Uint8Array>
  /** Whether a password has a hash; what takes the time. */
  readonly verify?: typeof verifyPassword
}

const REFUSED = ''

/** Checks passwords, at a bounded cost and without telling who exists. */
export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #verify: typeof verifyPassword
  readonly #cache: PasswordCache
  readonly #throttle: AuthThrottle
  /** Checks under way, by the key of the cache: the four connections of one client cost one hash. */
  readonly #running = new Map<string, Promise<string>>()
  /** Counts changes of credentials: a check that began before one must not be remembered after it. */
  #changes = 0

  constructor(options: AuthenticatorOptions) {
    this.#options = options
    this.#verify = options.verify ?? verifyPassword
    this.#cache = new PasswordCache(options.clock)
    this.#throttle = new AuthThrottle(options.clock)
  }

  /** The account, or '' when refused. Rejects with DirectoryError when it cannot tell. */
  authenticate(login: string, password: string): Promise<string> {
    const prepared = Buffer.byteLength(password) > MAX_PASSWORD_OCTETS ? undefined : saslprep(password)
    const account = accountOf(login, this.#options.policy)
    if (!prepared || account === undefined) return Promise.resolve(REFUSED)
    const key = this.#cache.keyOf(account, prepared)
    const known = this.#cache.recall(key)
    if (known !== undefined) return Promise.resolve(known ? account : REFUSED)
    return this.#running.get(key) ?? this.#begin(key, account, prepared)
  }

  /**
   * What SCRAM needs of a login; decoys that stay the same for one that is unknown or disabled. RFC 5802 §9
   * After wrong proofs it waits as wrong passwords do: the keys are asked for once for each guess.
   */
  async scramKeys(login: string): Promise<ScramKeysResponse> {
    const account = accountOf(login, this.#options.policy)
    if (account !== undefined) await this.#throttle.delay(account)
    const decoys = decoyKeys(await this.#options.decoyKey(), account ?? login)
    const credential = account === undefined ? undefined : await this.#options.credential(account)
    if (account === undefined || credential === undefined || credential.disabled) return decoys
    return {
      account,
      salt: Buffer.from(credential.scramSalt),
      iterations: credential.scramIterations,
      storedKey: Buffer.from(credential.scramStoredKey),
      serverKey: Buffer.from(credential.scramServerKey),
    }
  }

  scramOutcome(login: string, right: boolean): void {
    const account = accountOf(login, this.#options.policy)
    if (account === undefined) return
    if (right) this.#throttle.succeeded(account)
    else this.#throttle.failed(account)
  }

  /** What is to be stored of a new password. Rejects with DirectoryError when it is a poor one. */
  async newCredential(password: string): Promise<CredentialRecord> {
    const prepared = expectPassword(password)
    return this.#options.queue.run(() => credentialOf(prepared))
  }

  /** To be called after each change of a credential has been stored, and after an account came, went or was disabled. */
  forget(address: string): void {
    this.#changes++
    this.#running.clear()
    const account = parseAddress(address, this.#options.policy)?.text ?? address
    this.#cache.forget(account)
    this.#throttle.succeeded(account)
  }

  #begin(key: string, account: string, password: string): Promise<string> {
    const check = this.#check(key, account, password).finally(() => {
      if (this.#running.get(key) === check) this.#running.delete(key)
    })
    this.#running.set(key, check)
    return check
  }

  async #check(key: string, account: string, password: string): Promise<string> {
    await this.#throttle.delay(account)
    const changes = this.#changes
    const credential = await this.#options.credential(account)
    const hash = credential?.hash ?? UNKNOWN_HASH
    const matches = await this.#options.queue.run(() => this.#verify(hash, password))
    const right = matches && credential?.disabled === false
    if (changes === this.#changes) this.#cache.remember(key, account, right)
    if (right) this.#throttle.succeeded(account)
    else this.#throttle.failed(account)
    return right ? account : REFUSED
  }
}

function accountOf(login: string, policy: AddressPolicy): string | undefined {
  const prepared = saslprep(login)
  return prepared === undefined ? undefined : parseAddress(prepared, policy)?.text
}

function decoyKeys(key: Uint8Array, login: string): ScramKeysResponse {
  const derive = (purpose: string): Buffer =>
    createHmac('sha256', key).update(`${purpose}\0${login}`).digest()
  return {
    account: '',
    salt: derive('salt').subarray(0, 16),
    iterations: SCRAM_ITERATIONS,
    storedKey: derive('stored'),
    serverKey: derive('server'),
  }
}
