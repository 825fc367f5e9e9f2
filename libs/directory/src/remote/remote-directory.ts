import type { RpcChannel, ServiceOf } from '@cartero/bus/grpc'
import * as wire from '@cartero/contracts/directory'
import { pause, systemClock, type Clock } from '@cartero/wire'

import { BoundedCache } from '../bounded-cache.ts'
import { Changes } from '../changes.ts'
import type { Directory } from '../directory.ts'
import { DirectoryError } from '../directory-error.ts'
import { MAX_RESOLUTIONS, ResolutionCache } from '../resolution-cache.ts'
import { withoutAbsent } from './absent.ts'
import { directoryErrorOf } from './faults.ts'
import { REMOTE_DIRECTORY_LIMITS } from './limits.ts'
import { LookUps } from './look-ups.ts'
import { sayable } from './sayable.ts'

export interface RemoteDirectoryOptions {
  /** Not closed with the directory. */
  readonly channel: RpcChannel
  readonly clock?: Clock
}

/**
 * A directory in another process. Answers are at hand as long as it tells of changes (`Watch`), and for RESOLUTION_TTL_MS at most;
 * when it is not heard any more all of them are dropped. While it cannot be asked, addresses that it has accepted within
 * REMOTE_DIRECTORY_LIMITS.away are accepted; for all else it rejects with DirectoryError `unavailable`. Passwords are never kept.
 */
export function openRemoteDirectory(options: RemoteDirectoryOptions): Directory {
  return new RemoteDirectory(options)
}

type Service = ServiceOf<typeof wire.DirectoryServiceDefinition>

class RemoteDirectory implements Directory {
  readonly #service: Service
  readonly #clock: Clock
  readonly #cache: ResolutionCache
  /** Who was accepted, for as long as that goes on without the directory. */
  readonly #accepted: BoundedCache<wire.Resolution>
  readonly #changes = new Changes()
  readonly #closing = new AbortController()
  readonly #lookUps: LookUps
  /** We are told of changes. */
  #isTold = false

  constructor({ channel, clock = systemClock }: RemoteDirectoryOptions) {
    this.#service = channel.service(wire.DirectoryServiceDefinition, directoryErrorOf)
    this.#clock = clock
    this.#cache = new ResolutionCache(clock)
    this.#accepted = new BoundedCache(clock, MAX_RESOLUTIONS, REMOTE_DIRECTORY_LIMITS.away)
    this.#lookUps = new LookUps((addresses) => this.#lookUp(addresses))
    void this.#listen()
  }

  resolveNow(address: string): wire.Resolution | undefined {
    return this.#cache.resolution(address)
  }

  senderAllowedNow(account: string, address: string): boolean | undefined {
    return this.#cache.senderAllowed(account, address)
  }

  scramOutcome(login: string, right: boolean, peer?: string): void {
    // Who is away counts no guesses, and gives no keys for the next one either.
    void this.ScramOutcome({ login, right, ...(peer !== undefined && { peer }) }).catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#closing.abort()
  }

  async Resolve({ addresses }: wire.ResolveRequest): Promise<wire.ResolveResponse> {
    const resolutions = addresses.map((address) => this.#resolve(address))
    return { resolutions: await Promise.all(resolutions) }
  }

  async SenderAllowed(request: wire.SenderAllowedRequest): Promise<wire.SenderAllowedResponse> {
    const { account, address } = request
    const known = this.#cache.senderAllowed(account, address)
    if (known !== undefined) return { allowed: known }
    const { version } = this.#cache
    const response = await this.#service.SenderAllowed(request)
    if (this.#isTold) this.#cache.keepSenderAllowed(version, account, address, response.allowed)
    return response
  }

  async *Watch(
    _request: wire.WatchRequest,
    signal: AbortSignal = this.#closing.signal,
  ): AsyncGenerator<wire.WatchResponse, void> {
    const ended = AbortSignal.any([signal, this.#closing.signal])
    for await (const _ of this.#changes.watch(ended)) yield { addresses: [] }
  }

  CollectedDomains(request: wire.CollectedDomainsRequest): Promise<wire.CollectedDomainsResponse> {
    return this.#service.CollectedDomains(request)
  }

  RewriteSenders(request: wire.RewriteSendersRequest): Promise<wire.RewriteSendersResponse> {
    return this.#service.RewriteSenders(request)
  }

  Authenticate(request: wire.AuthenticateRequest): Promise<wire.AuthenticateResponse> {
    return this.#service.Authenticate(request)
  }

  ScramKeys(request: wire.ScramKeysRequest): Promise<wire.ScramKeysResponse> {
    return this.#service.ScramKeys(request)
  }

  ScramOutcome(request: wire.ScramOutcomeRequest): Promise<wire.ScramOutcomeResponse> {
    return this.#service.ScramOutcome(request)
  }

  AuthenticateCramMd5(request: wire.AuthenticateCramMd5Request): Promise<wire.AuthenticateCramMd5Response> {
    return this.#service.AuthenticateCramMd5(request)
  }

  FindAccount(request: wire.FindAccountRequest): Promise<wire.FindAccountResponse> {
    return this.#service.FindAccount(request)
  }

  async ListDomains(request: wire.ListDomainsRequest): Promise<wire.ListDomainsResponse> {
    return { domains: (await this.#service.ListDomains(request)).domains.map(withoutAbsent) }
  }

  async ListAccounts(request: wire.ListAccountsRequest): Promise<wire.ListAccountsResponse> {
    return { accounts: (await this.#service.ListAccounts(request)).accounts.map(withoutAbsent) }
  }

  ListAliases(request: wire.ListAliasesRequest): Promise<wire.ListAliasesResponse> {
    return this.#service.ListAliases(request)
  }

  AddDomain(request: wire.AddDomainRequest): Promise<wire.AddDomainResponse> {
    return this.#written(this.#service.AddDomain(sayable(request)))
  }

  SetDomain(request: wire.SetDomainRequest): Promise<wire.SetDomainResponse> {
    return this.#written(this.#service.SetDomain(sayable(request)))
  }

  RemoveDomain(request: wire.RemoveDomainRequest): Promise<wire.RemoveDomainResponse> {
    return this.#written(this.#service.RemoveDomain(request))
  }

  AddAccount(request: wire.AddAccountRequest): Promise<wire.AddAccountResponse> {
    return this.#written(this.#service.AddAccount(request))
  }

  SetAccount(request: wire.SetAccountRequest): Promise<wire.SetAccountResponse> {
    return this.#written(this.#service.SetAccount(request))
  }

  SetPassword(request: wire.SetPasswordRequest): Promise<wire.SetPasswordResponse> {
    return this.#written(this.#service.SetPassword(request))
  }

  RemoveAccount(request: wire.RemoveAccountRequest): Promise<wire.RemoveAccountResponse> {
    return this.#written(this.#service.RemoveAccount(request))
  }

  SetAlias(request: wire.SetAliasRequest): Promise<wire.SetAliasResponse> {
    return this.#written(this.#service.SetAlias(request))
  }

  RemoveAlias(request: wire.RemoveAliasRequest): Promise<wire.RemoveAliasResponse> {
    return this.#written(this.#service.RemoveAlias(request))
  }

  /** What is at hand; else what is answered; else what was accepted a while ago, when nobody answers. */
  async #resolve(address: string): Promise<wire.Resolution> {
    const known = this.#cache.resolution(address)
    if (known !== undefined) return known
    try {
      return await this.#lookUps.find(address)
    } catch (error) {
      const accepted = isAway(error) ? this.#accepted.get(address) : undefined
      if (accepted === undefined) throw error
      return accepted
    }
  }

  async #lookUp(addresses: string[]): Promise<readonly wire.Resolution[]> {
    const { version } = this.#cache
    const { resolutions } = await this.#service.Resolve({ addresses })
    for (const [i, resolution] of resolutions.entries()) this.#keep(version, addresses[i]!, resolution)
    return resolutions
  }

  #keep(version: number, address: string, resolution: wire.Resolution): void {
    if (version !== this.#cache.version) return
    if (this.#isTold) this.#cache.keepResolution(version, address, resolution)
    if (resolution.verdict === wire.Resolution_Verdict.ACCEPT && address.length <= MAX_KEPT_ADDRESS)
      this.#accepted.set(address, resolution)
    else this.#accepted.delete(address)
  }

  /** What was known before is forgotten, whatever the outcome: a write that failed may have been made all the same. */
  async #written<R>(done: Promise<R>): Promise<R> {
    try {
      return await done
    } finally {
      this.#forget()
    }
  }

  #forget(): void {
    this.#cache.clear()
    this.#accepted.clear()
    this.#changes.tell()
  }

  /** Hears of changes, and begins again when it does not hear any more. */
  async #listen(): Promise<void> {
    const { signal } = this.#closing
    let wait: number = REMOTE_DIRECTORY_LIMITS.firstRetry
    while (!signal.aborted) {
      try {
        for await (const _ of this.#service.Watch({}, signal)) {
          wait = REMOTE_DIRECTORY_LIMITS.firstRetry
          this.#forget()
          this.#isTold = true
        }
      } catch {
        // It is away: whoever asks it learns why.
      }
      this.#isTold = false
      this.#cache.clear()
      await pause(this.#clock, wait, signal)
      wait = Math.min(wait * 2, REMOTE_DIRECTORY_LIMITS.longestRetry)
    }
  }
}

/** Octets of an address that is worth remembering. */
const MAX_KEPT_ADDRESS = 320

function isAway(error: unknown): boolean {
  return error instanceof DirectoryError && error.fault === 'unavailable'
}
