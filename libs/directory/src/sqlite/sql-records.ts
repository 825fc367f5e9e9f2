import type { Database } from '@cartero/sql'
import type {
  AccountRecord,
  AliasRecord,
  CollectedRecord,
  CredentialRecord,
  DomainRecord,
  Records,
  ScramRecord,
} from '../records.ts'
import { type Statements, prepareStatements } from './statements.ts'

/** The store as tables. Every value is a parameter; no SQL is built from what somebody wrote (CVE-2025-26794). */
export class SqlRecords implements Records {
  readonly #statements: Statements

  constructor(database: Database) {
    this.#statements = prepareStatements(database)
  }

  domain(name: string): DomainRecord | undefined {
    const row = this.#statements.domain.get(name)
    return row && asDomain(row)
  }

  firstDomain(): string | undefined {
    const row = this.#statements.firstReadDomain.get() ?? this.#statements.firstDomain.get()
    return row?.['name'] as string | undefined
  }

  account(address: string): AccountRecord | undefined {
    const row = this.#statements.account.get(address)
    return row && asAccount(row)
  }

  firstAccount(domain?: string): string | undefined {
    const { firstAccount, firstAccountOf } = this.#statements
    const row = domain === undefined ? firstAccount.get() : firstAccountOf.get(domain)
    return row?.['address'] as string | undefined
  }

  alias(address: string): readonly string[] | undefined {
    const targets = this.#statements.aliasTargets.all(address).map((row) => row['target'] as string)
    return targets.length === 0 ? undefined : targets
  }

  domains(): readonly DomainRecord[] {
    return this.#statements.domains.all().map(asDomain)
  }

  putDomain({ name, catchAll, postmaster, collection }: DomainRecord): void {
    this.#statements.putDomain.run(name, catchAll, postmaster)
    if (collection === undefined) this.#statements.deleteCollection.run(name)
    else {
      const { account, quota, keepSeconds, contact } = collection
      this.#statements.putCollection.run(name, account, quota, keepSeconds, contact)
    }
  }

  deleteDomain(name: string): void {
    this.#statements.deleteDomain.run(name)
  }

  domainsCollectedBy(account: string): readonly CollectedRecord[] {
    return this.#statements.domainsCollectedBy.all(account).map((row) => asDomain(row) as CollectedRecord)
  }

  accounts(domain?: string): readonly AccountRecord[] {
    const { accounts, accountsOf } = this.#statements
    return (domain === undefined ? accounts.all() : accountsOf.all(domain)).map(asAccount)
  }

  putAccount(record: AccountRecord): void {
    const { address, domain, disabled, quota, reversible, clearCramMd5 } = record
    const flags = [reversible, clearCramMd5].map(Number)
    this.#statements.putAccount.run(address, domain, Number(disabled), quota, ...flags)
  }

  deleteAccount(address: string): void {
    this.#statements.deleteAccount.run(address)
  }

  credential(account: string): CredentialRecord | undefined {
    const row = this.#statements.credential.get(account)
    return row && asCredential(row)
  }

  putCredential(account: string, { hash, sha256, sha1, secret }: CredentialRecord): void {
    this.#statements.putCredential.run(
      account,
      hash,
      ...columnsOf(sha256),
      ...columnsOf(sha1),
      secret ?? null,
    )
  }

  certificates(account: string): readonly string[] {
    return this.#statements.certificates.all(account).map((row) => row['fingerprint'] as string)
  }

  putCertificates(account: string, fingerprints: readonly string[]): void {
    this.#statements.deleteCertificates.run(account)
    for (const [position, fingerprint] of fingerprints.entries())
      this.#statements.putCertificate.run(fingerprint, account, position)
  }

  accountOfCertificate(fingerprint: string): string | undefined {
    return this.#statements.accountOfCertificate.get(fingerprint)?.['account'] as string | undefined
  }

  aliases(domain?: string): readonly AliasRecord[] {
    const { aliases, aliasesOf } = this.#statements
    const rows = domain === undefined ? aliases.all() : aliasesOf.all(domain)
    const grouped = new Map<string, { address: string; domain: string; targets: string[] }>()
    for (const row of rows) {
      const address = row['address'] as string
      const record = grouped.get(address) ?? { address, domain: row['domain'] as string, targets: [] }
      record.targets.push(row['target'] as string)
      grouped.set(address, record)
    }
    return [...grouped.values()]
  }

  putAlias({ address, domain, targets }: AliasRecord): void {
    this.#statements.deleteAlias.run(address)
    this.#statements.putAlias.run(address, domain)
    for (const [position, target] of targets.entries()) {
      this.#statements.putAliasTarget.run(address, position, target)
    }
  }

  deleteAlias(address: string): void {
    this.#statements.deleteAlias.run(address)
  }

  decoyKey(): Uint8Array {
    return this.#statements.decoyKey.get()!['octets'] as Uint8Array
  }

  senderKey(): Uint8Array {
    return this.#statements.senderKey.get()!['octets'] as Uint8Array
  }
}

type Row = Record<string, unknown>

function asDomain(row: Row): DomainRecord {
  return {
    name: row['name'] as string,
    catchAll: row['catch_all'] as string,
    postmaster: row['postmaster'] as string,
    ...(row['account'] !== null && {
      collection: {
        account: row['account'] as string,
        quota: row['quota'] as bigint,
        keepSeconds: row['keep_seconds'] as bigint,
        contact: row['contact'] as string,
      },
    }),
  }
}

function asAccount(row: Row): AccountRecord {
  return {
    address: row['address'] as string,
    domain: row['domain'] as string,
    disabled: row['disabled'] === 1n,
    quota: row['quota'] as bigint,
    reversible: row['reversible'] === 1n,
    clearCramMd5: row['clear_cram_md5'] === 1n,
  }
}

function asCredential(row: Row): CredentialRecord {
  const sha256 = scramOf(row, 'scram')
  if (sha256 === undefined) throw new TypeError('a credential has no SCRAM keys')
  return {
    hash: row['hash'] as string,
    sha256,
    sha1: scramOf(row, 'sha1'),
    secret: (row['sealed_secret'] as Uint8Array | null) ?? undefined,
  }
}

function scramOf(row: Row, prefix: string): ScramRecord | undefined {
  const salt = row[`${prefix}_salt`] as Uint8Array | null
  if (salt === null) return undefined
  return {
    salt,
    iterations: row[`${prefix}_iterations`] as number,
    storedKey: row[`${prefix}_stored_key`] as Uint8Array,
    serverKey: row[`${prefix}_server_key`] as Uint8Array,
  }
}

function columnsOf(keys: ScramRecord | undefined) {
  if (keys === undefined) return [null, null, null, null]
  return [keys.salt, keys.iterations, keys.storedKey, keys.serverKey]
}
