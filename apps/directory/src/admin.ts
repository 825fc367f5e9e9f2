import type { Account, Alias, DirectoryService, Domain } from '@cartero/contracts/directory'

// What an operator says to the directory, as the command line and the control socket say it: arguments and results are
// plain data that JSON can carry. Each rejects with DirectoryError, whose message is meant to be printed.

export type DomainEntry = Domain

export type AliasEntry = Alias

export interface AccountEntry {
  readonly address: string
  readonly disabled: boolean
  /** Octets; 0 is without limit. */
  readonly quota: number
}

/** Adds a domain of ours. */
export async function addDomain(
  directory: DirectoryService,
  domain: Pick<Domain, 'name'> & Partial<Domain>,
): Promise<void> {
  await directory.AddDomain({ domain: { catchAll: '', postmaster: '', ...domain } })
}

export async function listDomains(directory: DirectoryService): Promise<readonly DomainEntry[]> {
  return (await directory.ListDomains({})).domains
}

/** Refused while anything needs it. */
export async function removeDomain(directory: DirectoryService, name: string): Promise<void> {
  await directory.RemoveDomain({ name })
}

/** Adds an account to a domain that exists; otherwise the error says how the domain is added. */
export async function addAccount(
  directory: DirectoryService,
  {
    password,
    quota = 0,
    ...account
  }: Pick<AccountEntry, 'address'> & Partial<AccountEntry> & { readonly password: string },
): Promise<void> {
  const added: Account = { disabled: false, ...account, quota: BigInt(quota) }
  await directory.AddAccount({ account: added, password })
}

/** @param domain only those of this domain; empty for all */
export async function listAccounts(
  directory: DirectoryService,
  domain = '',
): Promise<readonly AccountEntry[]> {
  const { accounts } = await directory.ListAccounts({ domain })
  return accounts.map((account) => ({ ...account, quota: Number(account.quota) }))
}

export async function setPassword(
  directory: DirectoryService,
  address: string,
  password: string,
): Promise<void> {
  await directory.SetPassword({ address, password })
}

/** The credentials go too; the mail is the mail store's. */
export async function removeAccount(directory: DirectoryService, address: string): Promise<void> {
  await directory.RemoveAccount({ address })
}

/** Adds an alias, or replaces its targets. */
export async function addAlias(
  directory: DirectoryService,
  address: string,
  targets: readonly string[],
): Promise<void> {
  await directory.SetAlias({ alias: { address, targets } })
}

/** @param domain only those of this domain; empty for all */
export async function listAliases(directory: DirectoryService, domain = ''): Promise<readonly AliasEntry[]> {
  return (await directory.ListAliases({ domain })).aliases
}

export async function removeAlias(directory: DirectoryService, address: string): Promise<void> {
  await directory.RemoveAlias({ address })
}
