import * as wire from '@cartero/contracts/directory'
import { type Clock, type MaybePromise, systemClock } from '@cartero/wire'
import { type AddressPolicy, DEFAULT_ADDRESS_POLICY } from './address.ts'
import { Authenticator, type RefusedProof } from './authenticator.ts'
import { Changes } from './changes.ts'
import type { Directory, DirectoryOptions } from './directory.ts'
import { DirectoryError, type Outcome, valueOf } from './directory-error.ts'
import { HashQueue } from './hash-queue.ts'
import { ResolutionCache } from './resolution-cache.ts'
import { underRule } from './ruled-resolution.ts'
import type { DirectoryVerbs } from './verbs.ts'

/** Runs a verb where the store is. Rejects with DirectoryError when the store is away. */
export type AskStore = <K extends keyof DirectoryVerbs>(
  verb: K,
  ...argument: Parameters<DirectoryVerbs[K]>
) => MaybePromise<ReturnType<DirectoryVerbs[K]>>

export interface LocalDirectoryOptions extends DirectoryOptions {
  readonly ask: AskStore
  readonly close: () => Promise<void>
  /** Hears after each write, whether it failed or not: the account whose credentials are other ones now, or ''. */
  readonly changed?: (account: string) => void
}

/** The directory over a store of its own: caches, passwords and the service's names. All rules are in the verbs. */
export class LocalDirectory implements Directory {
  readonly #ask: AskStore
  readonly #closeStore: () => Promise<void>
  readonly #policy: AddressPolicy
  readonly #clock: Clock
  readonly #ruleFor: DirectoryOptions['ruleFor']
  readonly #changed: LocalDirectoryOptions['changed']
  readonly #cache: ResolutionCache
  readonly #authenticator: Authenticator
  readonly #changes = new Changes()
  readonly #closing = new AbortController()
  #hearRefused: ((proof: RefusedProof) => void) | undefined
  #decoyKey: MaybePromise<Uint8Array> | undefined

  constructor(options: LocalDirectoryOptions) {
    const { ask, close, changed, policy, secretKey, ruleFor, clock = systemClock } = options
    this.#ask = ask
    this.#closeStore = close
    this.#policy = validPolicy({ ...DEFAULT_ADDRESS_POLICY, ...policy })
    this.#clock = clock
    this.#ruleFor = ruleFor
    this.#changed = changed
    this.#cache = new ResolutionCache(clock)
    this.#authenticator = new Authenticator({
      policy: this.#policy,
      clock,
      queue: new HashQueue(),
      credential: (account) => this.#ask('credential', account),
      complete: (account, hash, added) => this.#ask('completeCredential', { account, hash, added }),
      refusedProof: (proof) => this.#hearRefused?.(proof),
      decoyKey: () => (this.#decoyKey ??= this.#ask('decoyKey')),
      ...(secretKey && { secretKey }),
    })
  }

  resolveNow(address: string): wire.Resolution | undefined {
    return this.#cache.resolution(address)
  }

  senderAllowedNow(account: string, address: string): boolean | undefined {
    return this.#cache.senderAllowed(account, address)
  }

  close(): Promise<void> {
    this.#closing.abort()
    return this.#closeStore()
  }

  /** What is at hand is not asked for again. */
  async Resolve({ addresses }: wire.ResolveRequest): Promise<wire.ResolveResponse> {
    const resolutions = addresses.map((address) => this.#cache.resolution(address))
    const unknown = addresses.filter((_, i) => resolutions[i] === undefined)
    if (unknown.length > 0) {
      const found = (await this.#resolve(unknown)).values()
      for (const [i, known] of resolutions.entries()) resolutions[i] = known ?? found.next().value
    }
    return { resolutions: resolutions as wire.Resolution[] }
  }

  async #resolve(addresses: string[]): Promise<readonly wire.Resolution[]> {
    const version = this.#cache.version
    const now = this.#clock.now()
    const found = await this.#ask('resolve', { addresses, policy: this.#policy, now })
    return found.map((resolution, i) => {
      const ruled = this.#ruled(resolution, addresses[i]!)
      this.#cache.keepResolution(version, addresses[i]!, ruled)
      return ruled
    })
  }

  async SenderAllowed({ account, address }: wire.SenderAllowedRequest): Promise<wire.SenderAllowedResponse> {
    const version = this.#cache.version
    const allowed = await this.#ask('senderAllowed', { account, address, policy: this.#policy })
    this.#cache.keepSenderAllowed(version, account, address, allowed)
    return { allowed }
  }

  async CollectedDomains(request: wire.CollectedDomainsRequest): Promise<wire.CollectedDomainsResponse> {
    return { domains: await this.#ask('collectedDomains', { ...request, policy: this.#policy }) }
  }

  async RewriteSenders({ senders }: wire.RewriteSendersRequest): Promise<wire.RewriteSendersResponse> {
    return { addresses: await this.#ask('rewriteSenders', { senders, now: this.#clock.now() }) }
  }

  async Authenticate(request: wire.AuthenticateRequest): Promise<wire.AuthenticateResponse> {
    const { login, password, peer } = request
    return { account: await this.#authenticator.authenticate(login, password, peer) }
  }

  ScramKeys({ login, hash, peer }: wire.ScramKeysRequest): Promise<wire.ScramKeysResponse> {
    const name = hash === wire.ScramHash.SHA_1 ? 'SHA-1' : 'SHA-256'
    return this.#authenticator.scramKeys(login, name, peer)
  }

  async AuthenticateCramMd5(
    request: wire.AuthenticateCramMd5Request,
  ): Promise<wire.AuthenticateCramMd5Response> {
    return { account: await this.#authenticator.cramMd5(request) }
  }

  async FindAccount(request: wire.FindAccountRequest): Promise<wire.FindAccountResponse> {
    return { account: await this.#ask('findAccount', { ...request, policy: this.#policy }) }
  }

  hearRefusedProofs(hear: (proof: RefusedProof) => void): void {
    this.#hearRefused = hear
  }

  scramOutcome(login: string, right: boolean, peer?: string): void {
    this.#authenticator.scramOutcome(login, right, peer)
  }

  async ScramOutcome({ login, right, peer }: wire.ScramOutcomeRequest): Promise<wire.ScramOutcomeResponse> {
    this.scramOutcome(login, right, peer)
    return {}
  }

  async *Watch(
    _request: wire.WatchRequest,
    signal: AbortSignal = this.#closing.signal,
  ): AsyncGenerator<wire.WatchResponse, void> {
    const ended = AbortSignal.any([signal, this.#closing.signal])
    for await (const _ of this.#changes.watch(ended)) yield { addresses: [] }
  }

  /**
   * Something is not as it was: no answer that was kept is given again, and whoever watches is told.
   *
   * @param account whose credentials are not as they were, if any
   */
  forget(account = ''): void {
    this.#cache.clear()
    if (account !== '') this.#authenticator.forget(account)
    this.#changes.tell()
  }

  async AddDomain({ domain }: wire.AddDomainRequest): Promise<wire.AddDomainResponse> {
    return this.#write('addDomain', { domain: given(domain, 'domain'), policy: this.#policy })
  }

  async SetDomain({ domain }: wire.SetDomainRequest): Promise<wire.SetDomainResponse> {
    return this.#write('setDomain', { domain: given(domain, 'domain'), policy: this.#policy })
  }

  async ListDomains(): Promise<wire.ListDomainsResponse> {
    return { domains: await this.#ask('listDomains') }
  }

  async RemoveDomain({ name }: wire.RemoveDomainRequest): Promise<wire.RemoveDomainResponse> {
    return this.#write('removeDomain', name)
  }

  async AddAccount({ account, password }: wire.AddAccountRequest): Promise<wire.AddAccountResponse> {
    const added = given(account, 'account')
    const credential = await this.#authenticator.newCredential(
      password,
      added.address,
      added.reversibleSecret === true,
    )
    await this.#write('addAccount', { account: added, credential, policy: this.#policy })
    this.#forgetCredential(added.address)
    return {}
  }

  async SetAccount({ account }: wire.SetAccountRequest): Promise<wire.SetAccountResponse> {
    const changed = given(account, 'account')
    if (changed.reversibleSecret === true) this.#authenticator.expectSecretKey()
    await this.#write('setAccount', { account: changed, policy: this.#policy })
    this.#forgetCredential(changed.address)
    return {}
  }

  async ListAccounts({ domain }: wire.ListAccountsRequest): Promise<wire.ListAccountsResponse> {
    return { accounts: valueOf(await this.#ask('listAccounts', domain)) }
  }

  async SetPassword({ address, password }: wire.SetPasswordRequest): Promise<wire.SetPasswordResponse> {
    const credential = await this.#authenticator.newCredential(password, address)
    await this.#write('setPassword', { address, credential, policy: this.#policy })
    this.#forgetCredential(address)
    return {}
  }

  async RemoveAccount({ address }: wire.RemoveAccountRequest): Promise<wire.RemoveAccountResponse> {
    await this.#write('removeAccount', { address, policy: this.#policy })
    this.#forgetCredential(address)
    return {}
  }

  async SetAlias({ alias }: wire.SetAliasRequest): Promise<wire.SetAliasResponse> {
    return this.#write('setAlias', { alias: given(alias, 'alias'), policy: this.#policy })
  }

  async ListAliases({ domain }: wire.ListAliasesRequest): Promise<wire.ListAliasesResponse> {
    return { aliases: valueOf(await this.#ask('listAliases', domain)) }
  }

  async RemoveAlias({ address }: wire.RemoveAliasRequest): Promise<wire.RemoveAliasResponse> {
    return this.#write('removeAlias', { address, policy: this.#policy })
  }

  #ruled(resolution: wire.Resolution, address: string): wire.Resolution {
    return this.#ruleFor ? underRule(resolution, address, this.#ruleFor(address)) : resolution
  }

  /** Writes, and forgets what was known before, whatever the outcome: a failed write may have been made all the same. */
  async #write<K extends WritingVerb>(
    verb: K,
    ...argument: Parameters<DirectoryVerbs[K]>
  ): Promise<Record<string, never>> {
    try {
      valueOf((await this.#ask(verb, ...argument)) as Outcome<void>)
      return {}
    } finally {
      this.forget()
      this.#changed?.('')
    }
  }

  #forgetCredential(account: string): void {
    this.#authenticator.forget(account)
    this.#changed?.(account)
  }
}

/** The verbs that answer with nothing but their success. */
type WritingVerb = {
  [K in keyof DirectoryVerbs]: ReturnType<DirectoryVerbs[K]> extends Outcome<void> ? K : never
}[keyof DirectoryVerbs]

function given<T>(message: T | undefined, what: string): T {
  if (message === undefined) throw new DirectoryError('invalid', `the request names no ${what}`)
  return message
}

/** A separator that stands in domains or must be quoted could not be written in an address. */
function validPolicy(policy: AddressPolicy): AddressPolicy {
  if (/^[+\-_=#/!]?$/.test(policy.subaddressSeparator)) return policy
  throw new DirectoryError(
    'invalid',
    `'${policy.subaddressSeparator}' cannot separate a subaddress: use one of + - _ = # / ! or nothing`,
  )
}
