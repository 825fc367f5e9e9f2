import type {
  Account,
  Alias,
  CollectedDomain,
  CollectedDomainsRequest,
  Domain,
  FindAccountRequest,
  ForwardedSender,
  Resolution,
} from '@cartero/contracts/directory'
import { accountVerbs } from './account-verbs.ts'
import type { AddressPolicy } from './address.ts'
import { aliasVerbs } from './alias-verbs.ts'
import { domainVerbs } from './domain-verbs.ts'
import { collectedDomains } from './collection.ts'
import type { Outcome } from './directory-error.ts'
import { findAccount } from './find-account.ts'
import { resolveReturned, rewriteSender } from './forwarded-senders.ts'
import type { AccountRecord, CredentialRecord, Records } from './records.ts'
import { resolveRecipient } from './resolve-recipient.ts'
import { isSenderAllowed } from './sender-allowed.ts'

/** Every argument carries the policy, because the verbs may live in another thread. */
export interface WithPolicy {
  readonly policy: AddressPolicy
}

/**
 * All that the directory does with its store, as synchronous functions: the memory adapter calls them, the SQLite
 * adapter runs them as procedures in its worker. A type, not an interface, so that it is a record of procedures.
 */
export type DirectoryVerbs = {
  /** `now` in milliseconds since the epoch: a sender that was rewritten leads back for some time only. */
  resolve(
    argument: WithPolicy & { readonly addresses: readonly string[]; readonly now: number },
  ): readonly Resolution[]
  rewriteSenders(argument: {
    readonly senders: readonly ForwardedSender[]
    readonly now: number
  }): readonly string[]
  senderAllowed(argument: WithPolicy & { readonly account: string; readonly address: string }): boolean
  /** The domains whose mail an account that is not disabled may come for, in the order of their names. */
  collectedDomains(argument: WithPolicy & CollectedDomainsRequest): readonly CollectedDomain[]
  /** The credential of an account that exists; `account` is canonical. */
  credential(account: string): Credential | undefined
  /** Adds what the password was seen to be good for, unless the credential is another one by now. */
  completeCredential(argument: {
    readonly account: string
    readonly hash: string
    readonly added: Partial<Pick<CredentialRecord, 'sha1' | 'secret'>>
  }): void
  findAccount(argument: WithPolicy & FindAccountRequest): string
  decoyKey(): Uint8Array
  addDomain(argument: WithPolicy & { readonly domain: Domain }): Outcome<void>
  setDomain(argument: WithPolicy & { readonly domain: Domain }): Outcome<void>
  listDomains(): readonly Domain[]
  removeDomain(name: string): Outcome<void>
  addAccount(
    argument: WithPolicy & { readonly account: Account; readonly credential: CredentialRecord },
  ): Outcome<void>
  setAccount(argument: WithPolicy & { readonly account: Account }): Outcome<void>
  listAccounts(domain: string): Outcome<readonly Account[]>
  setPassword(
    argument: WithPolicy & { readonly address: string; readonly credential: CredentialRecord },
  ): Outcome<void>
  removeAccount(argument: WithPolicy & { readonly address: string }): Outcome<void>
  setAlias(argument: WithPolicy & { readonly alias: Alias }): Outcome<void>
  listAliases(domain: string): Outcome<readonly Alias[]>
  removeAlias(argument: WithPolicy & { readonly address: string }): Outcome<void>
}

export type Credential = CredentialRecord & Pick<AccountRecord, 'disabled' | 'reversible' | 'clearCramMd5'>

export function directoryVerbs(records: Records): DirectoryVerbs {
  return {
    resolve: ({ addresses, policy, now }) =>
      addresses.map(
        (address) =>
          resolveReturned(records, address, { policy, now }) ?? resolveRecipient(records, address, policy),
      ),
    rewriteSenders: ({ senders, now }) => senders.map((sender) => rewriteSender(records, sender, now)),
    senderAllowed: ({ account, address, policy }) => isSenderAllowed(records, account, address, policy),
    collectedDomains: ({ account, policy }) => collectedDomains(records, account, policy),
    findAccount: ({ policy, ...request }) => findAccount(records, request, policy),
    decoyKey: () => records.decoyKey(),
    ...domainVerbs(records),
    ...accountVerbs(records),
    ...aliasVerbs(records),
  }
}
