import { createHmac, randomBytes } from 'node:crypto'
import type { AuthenticateCramMd5Request, ScramKeysResponse } from '@cartero/contracts/directory'
import { cramMd5Digest, sameOctets, saslprep, scramKeyLength, type ScramHash } from '@cartero/sasl'
import { peerNetwork, type Clock, type MaybePromise } from '@cartero/wire'
import { type AddressPolicy, parseAddress } from './address.ts'
import { AuthThrottle } from './auth-throttle.ts'
import { DirectoryError } from './directory-error.ts'
import type { HashQueue } from './hash-queue.ts'
import {
  credentialOf,
  expectPassword,
  MAX_PASSWORD_OCTETS,
  newScramKeys,
  SCRAM_ITERATIONS,
  UNKNOWN_HASH,
  verifyPassword,
} from './password.ts'
import { PasswordCache } from './password-cache.ts'
import type { CredentialRecord, ScramRecord } from './records.ts'
import { openSecret, sealSecret } from './secret-box.ts'
import type { Credential } from './verbs.ts'

/** What is added to a credential when its password is seen. */
type Added = Partial<Pick<CredentialRecord, 'sha1' | 'secret'>>

export interface AuthenticatorOptions {
  readonly policy: AddressPolicy
  readonly clock: Clock
  readonly queue: HashQueue
  /** The stored credential of a canonical address. */
  readonly credential: (account: string) => MaybePromise<Credential | undefined>
  /** Keeps what was added to the credential that has this hash. */
  readonly complete?: (account: string, hash: string, added: Added) => MaybePromise<void>
  readonly decoyKey: () => MaybePromise<Uint8Array>
  readonly secretKey?: () => Uint8Array
  /** Hears of proofs that were right and refused all the same: for the log, never for the peer. */
  readonly refusedProof?: ((proof: RefusedProof) => void) | undefined
  /** Whether a password has a hash; what takes the time. */
  readonly verify?: typeof verifyPassword
}

const REFUSED = ''

/** Somebody proved who he is in a way that he may not use. */
export interface RefusedProof {
  readonly account: string
  /** `cram-md5-in-the-clear`: without TLS, by an account that was not allowed to. */
  readonly reason: 'cram-md5-in-the-clear'
}

/** One check of a password. */
interface Attempt {
  readonly account: string
  readonly password: string
  /** The network of the peer that asks; '' when it is not known. */
  readonly from: string
}

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
  authenticate(login: string, password: string, peer?: string): Promise<string> {
    const prepared = Buffer.byteLength(password) > MAX_PASSWORD_OCTETS ? undefined : saslprep(password)
    const account = accountOf(login, this.#options.policy)
    if (!prepared || account === undefined) return Promise.resolve(REFUSED)
    const key = this.#cache.keyOf(account, prepared)
    const from = networkOf(peer)
    const known = this.#cache.recall(key)
    if (known === undefined)
      return this.#running.get(key) ?? this.#begin(key, { account, password: prepared, from })
    if (known) this.#throttle.succeeded(account, from)
    return Promise.resolve(known ? account : REFUSED)
  }

  /**
   * What SCRAM needs of a login; decoys that stay the same for one that is unknown, disabled, or has no keys of that
   * hash. RFC 5802 §9
   * After wrong proofs it waits as wrong passwords do: the keys are asked for once for each guess.
   */
  async scramKeys(login: string, hash: ScramHash = 'SHA-256', peer?: string): Promise<ScramKeysResponse> {
    const account = accountOf(login, this.#options.policy)
    if (account !== undefined) await this.#throttle.delay(account, networkOf(peer))
    const decoys = decoyKeys(await this.#options.decoyKey(), hash, account ?? login)
    const credential = account === undefined ? undefined : await this.#options.credential(account)
    const keys = hash === 'SHA-1' ? credential?.sha1 : credential?.sha256
    if (account === undefined || keys === undefined || credential?.disabled !== false) return decoys
    return { account, ...keysResponse(keys) }
  }

  scramOutcome(login: string, right: boolean, peer?: string): void {
    const account = accountOf(login, this.#options.policy)
    if (account !== undefined) this.#tell(account, networkOf(peer), right)
  }

  /**
   * The account whose password makes that digest, or ''. The password does not leave here. RFC 2195 §2
   * In the clear, whom the operator has not allowed it is refused as a wrong digest is, and counts as one: the peer learns nothing.
   */
  async cramMd5(request: AuthenticateCramMd5Request): Promise<string> {
    const { login, challenge, digest, peer, inTheClear = false } = request
    const account = accountOf(login, this.#options.policy)
    if (account === undefined) return REFUSED
    const from = networkOf(peer)
    await this.#throttle.delay(account, from)
    const credential = await this.#options.credential(account)
    const secret = credential?.disabled === false ? this.#open(account, credential.secret) : undefined
    // Who has no such password is answered as late as who has.
    const expected = cramMd5Digest(secret ?? randomBytes(16).toString('hex'), challenge)
    const proved = sameOctets(Buffer.from(expected), Buffer.from(digest)) && secret !== undefined
    const right = proved && (!inTheClear || credential?.clearCramMd5 === true)
    if (proved && !right) this.#options.refusedProof?.({ account, reason: 'cram-md5-in-the-clear' })
    this.#tell(account, from, right)
    return right ? account : REFUSED
  }

  /**
   * What is to be stored of a new password of `address`. `reversible` says whether it is to be read again; as it was when
   * absent. Rejects with DirectoryError when the password is a poor one, or cannot be kept that way.
   */
  async newCredential(password: string, address: string, reversible?: boolean): Promise<CredentialRecord> {
    const prepared = expectPassword(password)
    const account = parseAddress(address, this.#options.policy)?.text ?? address
    const isReversible = reversible ?? (await this.#options.credential(account))?.reversible ?? false
    const credential = await this.#options.queue.run(() => credentialOf(prepared))
    return isReversible ? { ...credential, secret: this.#seal(account, prepared) } : credential
  }

  /** Throws DirectoryError unless passwords can be kept so that they can be read again. */
  expectSecretKey(): Uint8Array {
    const key = this.#options.secretKey?.()
    if (key !== undefined) return key
    throw new DirectoryError('invalid', 'this directory has no key under which a password could be kept')
  }

  /** To be called after each change of a credential has been stored, and after an account came, went or was disabled. */
  forget(address: string): void {
    this.#changes++
    this.#running.clear()
    const account = parseAddress(address, this.#options.policy)?.text ?? address
    this.#cache.forget(account)
    this.#throttle.forgive(account)
  }

  #begin(key: string, attempt: Attempt): Promise<string> {
    const check = this.#check(key, attempt).finally(() => {
      if (this.#running.get(key) === check) this.#running.delete(key)
    })
    this.#running.set(key, check)
    return check
  }

  async #check(key: string, { account, password, from }: Attempt): Promise<string> {
    await this.#throttle.delay(account, from)
    const changes = this.#changes
    const credential = await this.#options.credential(account)
    const hash = credential?.hash ?? UNKNOWN_HASH
    const place = { from, isKnown: this.#throttle.isKnown(account, from) }
    const matches = await this.#options.queue.run(() => this.#verify(hash, password), place)
    const right = matches && credential?.disabled === false
    if (changes === this.#changes) this.#cache.remember(key, account, right)
    this.#tell(account, from, right)
    if (right) await this.#complete(account, credential, password)
    return right ? account : REFUSED
  }

  #tell(account: string, from: string, right: boolean): void {
    if (right) this.#throttle.succeeded(account, from)
    else this.#throttle.failed(account, from)
  }

  /** Keeps what could not be kept when the password was set. What fails here is done at the next login. */
  async #complete(account: string, credential: Credential, password: string): Promise<void> {
    const { complete, queue } = this.#options
    const lacksSecret = credential.reversible && credential.secret === undefined
    if (complete === undefined || (credential.sha1 !== undefined && !lacksSecret)) return
    try {
      const sha1 = credential.sha1 ?? (await queue.run(() => newScramKeys(password, 'SHA-1')))
      const secret = lacksSecret ? this.#seal(account, password) : credential.secret
      await complete(account, credential.hash, { sha1, secret })
    } catch {
      // The password is right all the same.
    }
  }

  #seal(account: string, password: string): Uint8Array {
    return sealSecret(this.expectSecretKey(), account, password)
  }

  #open(account: string, sealed: Uint8Array | undefined): string | undefined {
    return sealed && openSecret(this.expectSecretKey(), account, sealed)
  }
}

function accountOf(login: string, policy: AddressPolicy): string | undefined {
  const prepared = saslprep(login)
  return prepared === undefined ? undefined : parseAddress(prepared, policy)?.text
}

function networkOf(peer: string | undefined): string {
  return peer === undefined ? '' : peerNetwork(peer)
}

function keysResponse(keys: ScramRecord): Omit<ScramKeysResponse, 'account'> {
  return {
    salt: Buffer.from(keys.salt),
    iterations: keys.iterations,
    storedKey: Buffer.from(keys.storedKey),
    serverKey: Buffer.from(keys.serverKey),
  }
}

function decoyKeys(key: Uint8Array, hash: ScramHash, login: string): ScramKeysResponse {
  // Those of SHA-256 are older than the other hash, and decoys must never change.
  const name = hash === 'SHA-256' ? login : `${hash}\0${login}`
  const derive = (purpose: string): Buffer => createHmac('sha256', key).update(`${purpose}\0${name}`).digest()
  const octets = scramKeyLength(hash)
  return {
    account: '',
    salt: derive('salt').subarray(0, 16),
    iterations: SCRAM_ITERATIONS,
    storedKey: derive('stored').subarray(0, octets),
    serverKey: derive('server').subarray(0, octets),
  }
}
