import type { Account } from '@cartero/contracts/directory'
import { type AddressPolicy, expectAddress, expectDomain } from './address.ts'
import { DirectoryError, outcomeOf } from './directory-error.ts'
import { expectOurs } from './domain-verbs.ts'
import type { AccountRecord, Records } from './records.ts'
import type { DirectoryVerbs } from './verbs.ts'

/** Octets of a quota: what a signed 64-bit column holds. */
export const MAX_QUOTA = 2n ** 63n - 1n

export function accountVerbs(
  records: Records,
): Pick<
  DirectoryVerbs,
  'credential' | 'addAccount' | 'setAccount' | 'listAccounts' | 'setPassword' | 'removeAccount'
> {
  return {
    credential: (account) => {
      const record = records.account(account)
      const credential = record && records.credential(account)
      return record && credential && { ...credential, disabled: record.disabled }
    },
    addAccount: ({ account, credential, policy }) =>
      outcomeOf(() => {
        const record = accountRecord(account, policy)
        expectOurs(records, record.domain)
        expectFree(records, record.address)
        records.putAccount(record)
        records.putCredential(record.address, credential)
      }),
    setAccount: ({ account, policy }) =>
      outcomeOf(() => {
        const record = accountRecord(account, policy)
        expectAccount(records, record.address, policy)
        records.putAccount(record)
      }),
    listAccounts: (domain) => outcomeOf(() => records.accounts(optionalDomain(domain)).map(asAccount)),
    setPassword: ({ address, credential, policy }) =>
      outcomeOf(() => records.putCredential(expectAccount(records, address, policy), credential)),
    removeAccount: ({ address, policy }) =>
      outcomeOf(() => records.deleteAccount(expectAccount(records, address, policy))),
  }
}

/** Empty: all domains. */
export function optionalDomain(text: string): string | undefined {
  return text === '' ? undefined : expectDomain(text)
}

function accountRecord(account: Account, policy: AddressPolicy): AccountRecord {
  const address = expectAddress(account.address, 'the account', policy)
  if (account.quota < 0n || account.quota > MAX_QUOTA) {
    throw new DirectoryError('invalid', `a quota of ${account.quota} octets is out of range: use 0 for none`)
  }
  return { address: address.text, domain: address.domain, disabled: account.disabled, quota: account.quota }
}

function asAccount({ address, disabled, quota }: AccountRecord): Account {
  return { address, disabled, quota }
}

/** The canonical address of an account that exists. */
function expectAccount(records: Records, text: string, policy: AddressPolicy): string {
  const address = expectAddress(text, 'the account', policy).text
  if (records.account(address) !== undefined) return address
  throw new DirectoryError(
    'notFound',
    `there is no account ${address}: \`cartero account list\` shows which there are`,
  )
}

function expectFree(records: Records, address: string): void {
  if (records.account(address) !== undefined) {
    throw new DirectoryError('exists', `there is an account ${address} already`)
  }
  if (records.alias(address) !== undefined) {
    throw new DirectoryError(
      'exists',
      `${address} is an alias: remove it first with \`cartero alias remove ${address}\``,
    )
  }
}
