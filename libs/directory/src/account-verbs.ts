import type { Account } from '@cartero/contracts/directory'
import { expectFingerprint } from './certificate-fingerprint.ts'
import { type AddressPolicy, expectAddress, expectDomain } from './address.ts'
import { expectCollectsNothing, MAX_QUOTA } from './collection.ts'
import { DirectoryError, outcomeOf } from './directory-error.ts'
import { expectOurs } from './domain-verbs.ts'
import type { AccountRecord, CredentialRecord, Records } from './records.ts'
import type { DirectoryVerbs } from './verbs.ts'

export function accountVerbs(
  records: Records,
): Pick<
  DirectoryVerbs,
  | 'credential'
  | 'completeCredential'
  | 'addAccount'
  | 'setAccount'
  | 'listAccounts'
  | 'setPassword'
  | 'removeAccount'
> {
  return {
    credential: (account) => {
      const record = records.account(account)
      const credential = record && records.credential(account)
      const { disabled = false, reversible = false, clearCramMd5 = false } = record ?? {}
      return record && credential && { ...credential, disabled, reversible, clearCramMd5 }
    },
    completeCredential: ({ account, hash, added }) => {
      const credential = records.credential(account)
      if (credential?.hash === hash) records.putCredential(account, { ...credential, ...added })
    },
    addAccount: ({ account, credential, policy }) =>
      outcomeOf(() => addAccount(records, account, credential, policy)),
    setAccount: ({ account, policy }) => outcomeOf(() => setAccount(records, account, policy)),
    listAccounts: (domain) =>
      outcomeOf(() => records.accounts(optionalDomain(domain)).map((record) => asAccount(records, record))),
    setPassword: ({ address, credential, policy }) =>
      outcomeOf(() => records.putCredential(expectAccount(records, address, policy), credential)),
    removeAccount: ({ address, policy }) =>
      outcomeOf(() => {
        const account = expectAccount(records, address, policy)
        expectCollectsNothing(records, account)
        records.deleteAccount(account)
      }),
  }
}

function addAccount(
  records: Records,
  account: Account,
  credential: CredentialRecord,
  policy: AddressPolicy,
): void {
  const record = accountRecord(account, undefined, policy)
  const certificates = certificatesOf(records, account, record.address)
  expectOurs(records, record.domain)
  expectFree(records, record.address)
  records.putAccount(record)
  records.putCredential(record.address, credential)
  records.putCertificates(record.address, certificates)
}

function setAccount(records: Records, account: Account, policy: AddressPolicy): void {
  const before = records.account(expectAccount(records, account.address, policy))
  const record = accountRecord(account, before, policy)
  const certificates = certificatesOf(records, account, record.address)
  records.putAccount(record)
  records.putCertificates(record.address, certificates)
  if (!record.reversible) forgetSecret(records, record.address)
}

/** Empty: all domains. */
export function optionalDomain(text: string): string | undefined {
  return text === '' ? undefined : expectDomain(text)
}

/** @param before what is said of it so far, if it exists: what the message leaves open stays as it was */
function accountRecord(
  account: Account,
  before: AccountRecord | undefined,
  policy: AddressPolicy,
): AccountRecord {
  const address = expectAddress(account.address, 'the account', policy)
  if (account.quota < 0n || account.quota > MAX_QUOTA) {
    throw new DirectoryError('invalid', `a quota of ${account.quota} octets is out of range: use 0 for none`)
  }
  const { disabled, quota, reversibleSecret: reversible = before?.reversible ?? false } = account
  const clearCramMd5 = account.clearCramMd5 ?? (reversible && before?.clearCramMd5 === true)
  if (clearCramMd5 && !reversible) {
    throw new DirectoryError(
      'invalid',
      `CRAM-MD5 needs a password of ${address.text} that can be read again: say --reversible-secret, too`,
    )
  }
  return { address: address.text, domain: address.domain, disabled, quota, reversible, clearCramMd5 }
}

/** Those that the account is to have. Throws DirectoryError when one is no fingerprint, or another account's. */
function certificatesOf(records: Records, account: Account, address: string): readonly string[] {
  if (account.certificates === undefined) return records.certificates(address)
  const fingerprints = [...new Set(account.certificates.fingerprints.map(expectFingerprint))]
  for (const fingerprint of fingerprints) {
    const owner = records.accountOfCertificate(fingerprint)
    if (owner !== undefined && owner !== address)
      throw new DirectoryError('exists', `the certificate ${fingerprint} is that of ${owner} already`)
  }
  return fingerprints
}

function forgetSecret(records: Records, account: string): void {
  const credential = records.credential(account)
  if (credential?.secret === undefined) return
  const { secret: _, ...rest }: CredentialRecord = credential
  records.putCredential(account, rest)
}

/** What is the same for most accounts is left out. */
function asAccount(records: Records, record: AccountRecord): Account {
  const { address, disabled, quota, reversible, clearCramMd5 } = record
  const fingerprints = [...records.certificates(address)]
  return {
    address,
    disabled,
    quota,
    ...(reversible && { reversibleSecret: true }),
    ...(clearCramMd5 && { clearCramMd5: true }),
    ...(fingerprints.length > 0 && { certificates: { fingerprints } }),
  }
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
