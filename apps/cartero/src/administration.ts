import { ControlError, type ControlFault, type ControlVerbs } from '@cartero/agent/admin'
import { DirectoryError, type Directory, type DirectoryFault } from '@cartero/directory'
import type { MailStore } from '@cartero/mailstore'

/** What the command line shows; JSON-serialisable. */
export interface DomainEntry {
  readonly name: string
  readonly catchAll: string
  readonly postmaster: string
}

export interface AccountEntry {
  readonly address: string
  readonly disabled: boolean
  /** Octets; 0 is without limit. */
  readonly quota: number
}

export interface AliasEntry {
  readonly address: string
  readonly targets: readonly string[]
}

/** The verbs of the administration: name, argument and result of each. */
export interface AdministrationVerbs {
  'domain.add': (argument: DomainEntry) => Promise<void>
  'domain.list': () => Promise<readonly DomainEntry[]>
  'domain.remove': (argument: { readonly name: string }) => Promise<void>
  'account.add': (argument: AccountEntry & { readonly password: string }) => Promise<void>
  'account.list': (argument: { readonly domain: string }) => Promise<readonly AccountEntry[]>
  'account.passwd': (argument: { readonly address: string; readonly password: string }) => Promise<void>
  'account.remove': (argument: { readonly address: string; readonly keepMail: boolean }) => Promise<void>
  'alias.add': (argument: AliasEntry) => Promise<void>
  'alias.list': (argument: { readonly domain: string }) => Promise<readonly AliasEntry[]>
  'alias.remove': (argument: { readonly address: string }) => Promise<void>
}

export interface AdministrationStores {
  readonly directory: Directory
  readonly mailStore: MailStore
}

/** What can be done with domains, accounts and aliases, the same in a running system and in a stopped one. */
export function administration(stores: () => AdministrationStores): AdministrationVerbs {
  const ask = <T>(question: (stores: AdministrationStores) => Promise<T>): Promise<T> =>
    question(stores()).catch((error: unknown) => {
      throw toControlError(error)
    })
  return {
    'domain.add': (domain) => ask(async ({ directory }) => void (await directory.AddDomain({ domain }))),
    'domain.list': () => ask(async ({ directory }) => (await directory.ListDomains({})).domains),
    'domain.remove': (domain) => ask(async ({ directory }) => void (await directory.RemoveDomain(domain))),
    'account.add': (account) => ask((open) => addAccount(open, account)),
    'account.list': (filter) => ask(({ directory }) => listAccounts(directory, filter)),
    'account.passwd': (credential) =>
      ask(async ({ directory }) => void (await directory.SetPassword(credential))),
    'account.remove': (argument) => ask((open) => removeAccount(open, argument)),
    'alias.add': (alias) => ask(async ({ directory }) => void (await directory.SetAlias({ alias }))),
    'alias.list': (filter) => ask(async ({ directory }) => (await directory.ListAliases(filter)).aliases),
    'alias.remove': (alias) => ask(async ({ directory }) => void (await directory.RemoveAlias(alias))),
  }
}

/** The same, as the control socket takes them; arguments come from our own command line, whose user may do everything. */
export function controlVerbs(verbs: AdministrationVerbs): ControlVerbs {
  const names = Object.keys(verbs) as (keyof AdministrationVerbs)[]
  return Object.fromEntries(
    names.map((name) => [name, (argument: unknown) => verbs[name](argument as never)]),
  )
}

async function addAccount(
  { directory, mailStore }: AdministrationStores,
  { password, quota, ...account }: AccountEntry & { readonly password: string },
): Promise<void> {
  await directory.AddAccount({ account: { ...account, quota: BigInt(quota) }, password })
  await mailStore.provision(account.address)
}

async function listAccounts(
  directory: Directory,
  filter: { readonly domain: string },
): Promise<AccountEntry[]> {
  const { accounts } = await directory.ListAccounts(filter)
  return accounts.map(({ address, disabled, quota }) => ({ address, disabled, quota: Number(quota) }))
}

/** The account first: nothing is delivered any more while its mailboxes go. */
async function removeAccount(
  { directory, mailStore }: AdministrationStores,
  { address, keepMail }: { readonly address: string; readonly keepMail: boolean },
): Promise<void> {
  await directory.RemoveAccount({ address })
  if (!keepMail) await mailStore.removeAccount(address)
}

const FAULTS: Readonly<Record<DirectoryFault, ControlFault>> = {
  notFound: 'notFound',
  exists: 'failure',
  inUse: 'failure',
  invalid: 'usage',
  busy: 'failure',
  unavailable: 'failure',
}

function toControlError(error: unknown): unknown {
  return error instanceof DirectoryError
    ? new ControlError(FAULTS[error.fault], error.message, { cause: error })
    : error
}
