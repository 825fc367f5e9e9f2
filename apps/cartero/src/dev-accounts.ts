import type { Directory } from '@cartero/directory'

import { generatePassword, readCredentials, writeCredentials, type Credential } from './credentials-file.ts'
import type { OpenStores } from './stores.ts'

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
  { directory, mailStore }: OpenStores,
): Promise<DevAccounts> {
  const known = readCredentials(file)
  const added = DEV_ACCOUNTS.filter(
    (address) => !known.some((credential) => credential.address === address),
  ).map((address) => ({ address, password: generatePassword() }))
  const accounts = [...known, ...added]
  await ensureDomain(directory)
  const { accounts: existing } = await directory.ListAccounts({ domain: '' })
  const names = new Set(existing.map(({ address }) => address))
  await Promise.all(
    accounts.map(async (credential) => {
      await ensureAccount(directory, credential, names.has(credential.address))
      await mailStore.provision(credential.address)
    }),
  )
  if (added.length > 0) writeCredentials(file, accounts)
  return { accounts, isNew: added.length > 0 }
}

async function ensureDomain(directory: Directory): Promise<void> {
  const { domains } = await directory.ListDomains({})
  if (domains.some(({ name }) => name === DEV_DOMAIN)) return
  await directory.AddDomain({ domain: { name: DEV_DOMAIN, catchAll: '', postmaster: '' } })
}

/** The password is set again only when it is not the one of the file: hashing is slow on purpose. */
async function ensureAccount(
  directory: Directory,
  { address, password }: Credential,
  exists: boolean,
): Promise<void> {
  if (!exists) {
    await directory.AddAccount({ account: { address, disabled: false, quota: 0n }, password })
    return
  }
  const { account } = await directory.Authenticate({ login: address, password })
  if (account === '') await directory.SetPassword({ address, password })
}
