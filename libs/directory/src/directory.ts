import type { DirectoryService, Resolution, WatchRequest, WatchResponse } from '@cartero/contracts/directory'
import type { Clock, MaybePromise } from '@cartero/wire'
import type { AddressPolicy } from './address.ts'
import type { RefusedProof } from './authenticator.ts'
import type { AddressRule } from './ruled-resolution.ts'

/**
 * The port: who exists. The service's methods reject with DirectoryError.
 *
 * What was written is durable when its promise is fulfilled, and what is asked of this instance after that is answered
 * accordingly. Another process that writes to the same store is noticed within `RESOLUTION_TTL_MS` (resolving) and
 * `SUCCESS_TTL_MS` (a password that was right a moment ago).
 */
export interface Directory extends DirectoryService {
  /** The answer to `Resolve` for one address if it is at hand without waiting; undefined when it has to be asked. */
  resolveNow(address: string): Resolution | undefined
  /** The answer to `SenderAllowed` if it is at hand without waiting. */
  senderAllowedNow(account: string, address: string): boolean | undefined
  /** What came of a login by `ScramKeys`, which is proven at the edge: wrong ones make the next keys wait. */
  scramOutcome(login: string, right: boolean, peer?: string): void
  /** Ends when the signal aborts, or the directory is closed. */
  Watch(request: WatchRequest, signal?: AbortSignal): AsyncIterable<WatchResponse>
  /** Tells from now on of proofs that were right and refused all the same: for a log, since the peer is not told. */
  hearRefusedProofs?(hear: (proof: RefusedProof) => void): void
  close(): Promise<void>
}

export interface DirectoryOptions {
  readonly policy?: Partial<AddressPolicy>
  readonly clock?: Clock
  /**
   * The key under which passwords are kept that must be read again: 32 octets, that are not in the store. Called when it
   * is needed first. Without it no account can have such a password.
   */
  readonly secretKey?: () => Uint8Array
  /** What a rule says of mail for an address that is named by one; nobody is without it. Answers at once, and always the same. */
  readonly ruleFor?: (address: string) => AddressRule | undefined
}

/** A directory that may be far away and then has no answers at hand. */
export type AnyDirectory = DirectoryService &
  Partial<Pick<Directory, 'resolveNow' | 'senderAllowedNow' | 'scramOutcome'>>

/** Where mail for one address goes: at once when that is known. */
export function resolveOne(directory: AnyDirectory, address: string): MaybePromise<Resolution> {
  const known = directory.resolveNow?.(address)
  return known ?? directory.Resolve({ addresses: [address] }).then(({ resolutions }) => resolutions[0]!)
}

/** Whether the account may write this sender: at once when that is known. */
export function senderAllowed(
  directory: AnyDirectory,
  account: string,
  address: string,
): MaybePromise<boolean> {
  const known = directory.senderAllowedNow?.(account, address)
  return known ?? directory.SenderAllowed({ account, address }).then(({ allowed }) => allowed)
}
