import { ControlError, type ControlFault, type ControlVerbs } from '@cartero/agent/admin'
import {
  DEFAULT_ADDRESS_POLICY,
  DirectoryError,
  parseAddress,
  type Directory,
  type DirectoryFault,
} from '@cartero/directory'
import type { AddressBans } from '@cartero/directory/doorkeeper'
import {
  addAccount,
  addAlias,
  addDomain,
  changeAccount,
  changeDomain,
  listAccounts,
  listAliases,
  listBans,
  listDomains,
  liftBan,
  removeAccount,
  removeAlias,
  removeDomain,
  setPassword,
  type AccountChange,
  type AccountEntry,
  type AliasEntry,
  type BanEntry,
  type DomainChange,
  type DomainEntry,
} from '@cartero/directory-agent/agent'
import type { MailStore } from '@cartero/mailstore'

import {
  addCustomer,
  listCustomers,
  removeCustomer,
  type CustomerEntry,
  type NewCustomer,
} from './customers.ts'

/** The verbs of the administration: name, argument and result of each. */
export interface AdministrationVerbs {
  'domain.add': (argument: DomainEntry) => Promise<void>
  'domain.set': (argument: DomainChange) => Promise<void>
  'domain.list': () => Promise<readonly DomainEntry[]>
  'domain.remove': (argument: { readonly name: string }) => Promise<void>
  'account.add': (argument: AccountEntry & { readonly password: string }) => Promise<void>
  'account.set': (argument: AccountChange) => Promise<void>
  'account.list': (argument: { readonly domain: string }) => Promise<readonly AccountEntry[]>
  'account.passwd': (argument: { readonly address: string; readonly password: string }) => Promise<void>
  'account.remove': (argument: { readonly address: string; readonly keepMail: boolean }) => Promise<void>
  'alias.add': (argument: AliasEntry) => Promise<void>
  'alias.list': (argument: { readonly domain: string }) => Promise<readonly AliasEntry[]>
  'alias.remove': (argument: { readonly address: string }) => Promise<void>
  'odmr.add': (argument: NewCustomer) => Promise<void>
  'odmr.customers': () => Promise<readonly CustomerEntry[]>
  'odmr.remove': (argument: { readonly domain: string }) => Promise<void>
  'ban.list': () => Promise<readonly BanEntry[]>
  'ban.lift': (argument: { readonly address: string }) => Promise<void>
}

export interface AdministrationStores {
  readonly directory: Directory
  readonly mailStore: MailStore
  /** Kept in the memory of the running system: a stopped one has none. */
  readonly bans: AddressBans
}

/** What can be done with domains, accounts, aliases and customers, the same in a running system and in a stopped one. */
export function administration(stores: () => AdministrationStores): AdministrationVerbs {
  const ask = <T>(question: (stores: AdministrationStores) => Promise<T>): Promise<T> =>
    question(stores()).catch((error: unknown) => {
      throw toControlError(error)
    })
  return {
    'domain.add': (domain) => ask(({ directory }) => addDomain(directory, domain)),
    'domain.set': (change) => ask(({ directory }) => changeDomain(directory, change)),
    'domain.list': () => ask(({ directory }) => listDomains(directory)),
    'domain.remove': ({ name }) => ask(({ directory }) => removeDomain(directory, name)),
    'account.add': (account) => ask((stores) => addWithMailboxes(stores, account)),
    'account.set': (change) => ask((stores) => changeWithQuota(stores, change)),
    'account.list': ({ domain }) => ask(({ directory }) => listAccounts(directory, domain)),
    'account.passwd': ({ address, password }) =>
      ask(({ directory }) => setPassword(directory, address, password)),
    'account.remove': (argument) => ask((stores) => removeWithMail(stores, argument)),
    'alias.add': ({ address, targets }) => ask(({ directory }) => addAlias(directory, address, targets)),
    'alias.list': ({ domain }) => ask(({ directory }) => listAliases(directory, domain)),
    'alias.remove': ({ address }) => ask(({ directory }) => removeAlias(directory, address)),
    'odmr.add': (customer) => ask((stores) => addCustomer(stores, customer)),
    'odmr.customers': () => ask(({ directory }) => listCustomers(directory)),
    'odmr.remove': ({ domain }) => ask(({ directory }) => removeCustomer(directory, domain)),
    'ban.list': () => ask(async ({ bans }) => listBans(bans)),
    'ban.lift': ({ address }) => ask(async ({ bans }) => liftBan(bans, address)),
  }
}

/** The same, as the control socket takes them; arguments come from our own command line, whose user may do everything. */
export function controlVerbs<V extends { readonly [K in keyof V]: (argument: never) => Promise<unknown> }>(
  verbs: V,
): ControlVerbs {
  const named = Object.entries(verbs) as [string, (argument: never) => Promise<unknown>][]
  return Object.fromEntries(
    named.map(([name, verb]) => [name, (argument: unknown) => verb(argument as never)]),
  )
}

async function addWithMailboxes(
  { directory, mailStore }: AdministrationStores,
  account: AccountEntry & { readonly password: string },
): Promise<void> {
  await addAccount(directory, account)
  const owner = ownerOf(account.address)
  await mailStore.provision(owner)
  await mailStore.setQuota(owner, account.quota)
}

/** The quota of the account is that of its mailboxes. */
async function changeWithQuota(
  { directory, mailStore }: AdministrationStores,
  change: AccountChange,
): Promise<void> {
  await changeAccount(directory, change)
  if (change.quota !== undefined) await mailStore.setQuota(ownerOf(change.address), change.quota)
}

/** The account first: nothing is delivered any more while its mailboxes go. */
async function removeWithMail(
  { directory, mailStore }: AdministrationStores,
  { address, keepMail }: { readonly address: string; readonly keepMail: boolean },
): Promise<void> {
  await removeAccount(directory, address)
  if (!keepMail) await mailStore.removeAccount(ownerOf(address))
}

/** Whose mailboxes they are: the address as the directory answers it, however the operator wrote it. */
function ownerOf(address: string): string {
  return parseAddress(address, DEFAULT_ADDRESS_POLICY)?.text ?? address
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
