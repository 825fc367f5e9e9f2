import type { Directory } from '@cartero/directory'
import { deriveScramKeys, saslprep, sameOctets } from '@cartero/sasl'

import type { AdministrationStores } from './administration.ts'
import { generatePassword, readCredentials, writeCredentials, type Credential } from './credentials-file.ts'

export const DEV_DOMAIN = 'cartero.test'
const DEV_ACCOUNTS = [`alice@${DEV_DOMAIN}`, `bob@${DEV_DOMAIN}`] as const

export interface DevAccounts {
  readonly accounts: readonly Credential[]
  /** Passwords were made now; they are shown once. */
  readonly isNew: boolean
}

/**
 * The domain and the two accounts of a development system. What the credentials file says is made true; what it does not
 * say is made up and written there.
 */
export async function provideDevAccounts(
  file: string,
  { directory, mailStore }: AdministrationStores,
): Promise<DevAccounts> {
  const known = readCredentials(file)
  const added = DEV_ACCOUNTS.filter(
    (address) => !known.some((credential) => credential.address === address),
  ).map((address) => ({ address, password: generatePassword() }))
  const accounts = [...known, ...added]
  await ensureDomain(directory)
  const { accounts: existing } = await directory.ListAccounts({ domain: '' })
  const names = new Set(existing.map(({ address }) => address))
  // One after the other: the first that is added is the postmaster (RFC 5321 §4.5.1), and that is not left to chance.
  for (const credential of accounts) {
    await ensureAccount(directory, credential, names.has(credential.address))
    await mailStore.provision(credential.address)
  }
  if (added.length > 0) writeCredentials(file, accounts)
  return { accounts, isNew: added.length > 0 }
}

async function ensureDomain(directory: Directory): Promise<void> {
  const { domains } = await directory.ListDomains({})
  if (domains.some(({ name }) => name === DEV_DOMAIN)) return
  await directory.AddDomain({ domain: { name: DEV_DOMAIN, catchAll: '', postmaster: '' } })
}

/** The password is set again only when it is not the one of the file. */
async function ensureAccount(
  directory: Directory,
  { address, password }: Credential,
  exists: boolean,
): Promise<void> {
  if (!exists) {
    await directory.AddAccount({ account: { address, disabled: false, quota: 0n }, password })
    return
  }
  if (!(await isPassword(directory, { address, password })))
    await directory.SetPassword({ address, password })
}

/** By the SCRAM keys: Authenticate would take 19 MiB and 45 ms for each account at every start. RFC 5802 §3 */
async function isPassword(directory: Directory, { address, password }: Credential): Promise<boolean> {
  const { account, salt, iterations, storedKey } = await directory.ScramKeys({ login: address })
  const prepared = saslprep(password, 'query')
  if (account === '' || prepared === undefined) return false
  const keys = await deriveScramKeys(prepared, salt, iterations)
  return sameOctets(keys.storedKey, storedKey)
}
