import type { Directory } from '@cartero/directory'
import { deriveScramKeys, saslprep, sameOctets } from '@cartero/sasl'

import type { AdministrationStores } from './administration.ts'
import {
  generatePassword,
  readCredentials,
  writeCredentials,
  type Credential,
  type CredentialsFile,
  type CustomerCredential,
} from './credentials-file.ts'

export const DEV_DOMAIN = 'cartero.test'
const DEV_ACCOUNTS = [`alice@${DEV_DOMAIN}`, `bob@${DEV_DOMAIN}`] as const
/** Its mail waits until its customer comes for it. */
const CUSTOMER = { domain: 'home.test', address: 'fetch@home.test' } as const

export interface DevAccounts extends CredentialsFile {
  /** Whose passwords were made now, by address: they are shown once. */
  readonly added: readonly string[]
}

/**
 * The domains of a development system, its two accounts and its customer. What the credentials file says is made true; what it does
 * not say is made up and written there.
 */
export async function provideDevAccounts(file: string, stores: AdministrationStores): Promise<DevAccounts> {
  const known = readCredentials(file)
  const newAccounts = DEV_ACCOUNTS.filter(
    (address) => !known.accounts.some((account) => account.address === address),
  ).map((address) => ({ address, password: generatePassword() }))
  const newCustomers = known.odmr.length > 0 ? [] : [{ ...CUSTOMER, password: generatePassword() }]
  const accounts = [...known.accounts, ...newAccounts]
  const odmr = [...known.odmr, ...newCustomers]
  await ensureDomain(stores.directory, DEV_DOMAIN)
  // One after the other: the first that is added is the postmaster (RFC 5321 §4.5.1), and that is not left to chance.
  for (const credential of accounts) await ensureAccount(stores, credential)
  for (const customer of odmr) await ensureCustomer(stores, customer)
  const added = [...newAccounts, ...newCustomers].map(({ address }) => address)
  if (added.length > 0) writeCredentials(file, { accounts, odmr })
  return { accounts, odmr, added }
}

async function ensureDomain(directory: Directory, name: string): Promise<void> {
  const { domains } = await directory.ListDomains({})
  if (domains.some((domain) => domain.name === name)) return
  await directory.AddDomain({ domain: { name, catchAll: '', postmaster: '' } })
}

/** How an account is, beside its address. */
interface Manner {
  readonly reversibleSecret?: boolean
  readonly clearCramMd5?: boolean
}

/** The password is set again only when it is not the one of the file. */
async function ensureAccount(
  { directory, mailStore }: AdministrationStores,
  { address, password }: Credential,
  manner: Manner = {},
): Promise<void> {
  const { accounts } = await directory.ListAccounts({ domain: '' })
  if (!accounts.some((account) => account.address === address))
    await directory.AddAccount({ account: { address, disabled: false, quota: 0n, ...manner }, password })
  else if (!(await isPassword(directory, { address, password })))
    await directory.SetPassword({ address, password })
  await mailStore.provision(address)
}

/** Whoever only knows CRAM-MD5 and no TLS, as fetchmail does, can be tried out here: nobody listens on loopback. */
async function ensureCustomer(
  stores: AdministrationStores,
  { domain: name, ...credential }: CustomerCredential,
): Promise<void> {
  const { directory } = stores
  await ensureDomain(directory, name)
  await ensureAccount(stores, credential, { reversibleSecret: true, clearCramMd5: true })
  const { domains } = await directory.ListDomains({})
  const domain = domains.find((each) => each.name === name)
  if (domain === undefined || domain.collection?.account === credential.address) return
  const collection = { account: credential.address, quota: 0n, keepSeconds: 0n, contact: '' }
  await directory.SetDomain({ domain: { ...domain, collection } })
}

/** By the SCRAM keys: Authenticate would take 19 MiB and 45 ms for each account at every start. RFC 5802 §3 */
async function isPassword(directory: Directory, { address, password }: Credential): Promise<boolean> {
  const { account, salt, iterations, storedKey } = await directory.ScramKeys({ login: address })
  const prepared = saslprep(password, 'query')
  if (account === '' || prepared === undefined) return false
  const keys = await deriveScramKeys(prepared, salt, iterations)
  return sameOctets(keys.storedKey, storedKey)
}
