import type { Account, Alias, DirectoryService } from '@cartero/contracts/directory'
import { DEFAULT_ADDRESS_POLICY, DirectoryError, parseAddress } from '@cartero/directory'
import type { AddressBans } from '@cartero/directory/doorkeeper'

// What an operator says to the directory, as the command line and the control socket say it: arguments and results are
// plain data that JSON can carry. Each rejects with DirectoryError, whose message is meant to be printed.

export type AliasEntry = Alias

export interface AccountEntry {
  readonly address: string
  readonly disabled: boolean
  /** Octets; 0 is without limit. */
  readonly quota: number
  /** The password is kept so that it can be read again. Absent: it is not. */
  readonly reversibleSecret?: boolean
  /** It may log in by CRAM-MD5 without TLS. Absent: it may not. */
  readonly clearCramMd5?: boolean
  /** SHA-256 fingerprints of certificates whose holder the account is. Absent: there are none. */
  readonly certificates?: readonly string[]
}

/** What is to be otherwise; what is absent stays. */
export type AccountChange = Pick<AccountEntry, 'address'> & Partial<AccountEntry>

/** A peer that is turned away. */
export interface BanEntry {
  /** An IPv4 address, or the /64 of an IPv6 address. */
  readonly peer: string
  /** ISO 8601, in UTC. */
  readonly until: string
}

/** Adds an account to a domain that exists; otherwise the error says how the domain is added. */
export async function addAccount(
  directory: DirectoryService,
  { password, ...account }: AccountChange & { readonly password: string },
): Promise<void> {
  await directory.AddAccount({ account: toWire({ disabled: false, quota: 0, ...account }), password })
}

/** Changes what is said of an account. */
export async function changeAccount(directory: DirectoryService, change: AccountChange): Promise<void> {
  const { accounts } = await directory.ListAccounts({ domain: '' })
  const address = parseAddress(change.address, DEFAULT_ADDRESS_POLICY)?.text
  const before = accounts.find((account) => account.address === address)
  const { disabled = false, quota = 0n } = before ?? {}
  await directory.SetAccount({ account: toWire({ disabled, quota: Number(quota), ...change }) })
}

/** @param domain only those of this domain; empty for all */
export async function listAccounts(
  directory: DirectoryService,
  domain = '',
): Promise<readonly AccountEntry[]> {
  const { accounts } = await directory.ListAccounts({ domain })
  return accounts.map(({ quota, certificates, reversibleSecret, clearCramMd5, ...account }) => ({
    ...account,
    quota: Number(quota),
    ...(reversibleSecret === true && { reversibleSecret }),
    ...(clearCramMd5 === true && { clearCramMd5 }),
    ...(certificates && { certificates: certificates.fingerprints }),
  }))
}

function toWire({ quota, certificates, ...account }: AccountEntry): Account {
  return {
    ...account,
    quota: BigInt(quota),
    ...(certificates && { certificates: { fingerprints: [...certificates] } }),
  }
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

/** The peers that are turned away now, the one that is forgiven first in front. */
export function listBans(bans: AddressBans): readonly BanEntry[] {
  return bans.list().map(({ peer, until }) => ({ peer, until: new Date(until).toISOString() }))
}

/** Forgives a peer, by its name in the list or by any of its addresses. */
export function liftBan(bans: AddressBans, address: string): void {
  if (bans.lift(address)) return
  throw new DirectoryError('notFound', `${address} is not banned: \`cartero ban list\` shows who is`)
}
