import { randomBytes } from 'node:crypto'
import type {
  AccountRecord,
  AliasRecord,
  CollectedRecord,
  CredentialRecord,
  DomainRecord,
  Records,
} from '../records.ts'

/** The store as Maps, which keep the order of addition. */
export class MapRecords implements Records {
  readonly #domains = new Map<string, DomainRecord>()
  readonly #accounts = new Map<string, AccountRecord>()
  readonly #credentials = new Map<string, CredentialRecord>()
  readonly #certificates = new Map<string, readonly string[]>()
  readonly #aliases = new Map<string, AliasRecord>()
  readonly #decoyKey = randomBytes(32)
  readonly #senderKey = randomBytes(32)

  domain(name: string): DomainRecord | undefined {
    return this.#domains.get(name)
  }

  firstDomain(): string | undefined {
    const read = this.#domains.values().find(({ collection }) => collection === undefined)
    return (read ?? this.#domains.values().next().value)?.name
  }

  account(address: string): AccountRecord | undefined {
    return this.#accounts.get(address)
  }

  firstAccount(domain?: string): string | undefined {
    return this.#accounts
      .values()
      .find((record) => this.#isReader(record) && (domain === undefined || record.domain === domain))?.address
  }

  alias(address: string): readonly string[] | undefined {
    return this.#aliases.get(address)?.targets
  }

  domains(): readonly DomainRecord[] {
    return [...this.#domains.values()].toSorted((a, b) => compare(a.name, b.name))
  }

  putDomain(record: DomainRecord): void {
    this.#domains.set(record.name, record)
  }

  deleteDomain(name: string): void {
    this.#domains.delete(name)
  }

  domainsCollectedBy(account: string): readonly CollectedRecord[] {
    return this.domains().filter(
      (record): record is CollectedRecord => record.collection?.account === account,
    )
  }

  accounts(domain?: string): readonly AccountRecord[] {
    return inOrder(this.#accounts, domain)
  }

  putAccount(record: AccountRecord): void {
    this.#accounts.set(record.address, record)
  }

  deleteAccount(address: string): void {
    this.#accounts.delete(address)
    this.#credentials.delete(address)
    this.#certificates.delete(address)
  }

  credential(account: string): CredentialRecord | undefined {
    return this.#credentials.get(account)
  }

  putCredential(account: string, record: CredentialRecord): void {
    this.#credentials.set(account, record)
  }

  certificates(account: string): readonly string[] {
    return this.#certificates.get(account) ?? []
  }

  putCertificates(account: string, fingerprints: readonly string[]): void {
    this.#certificates.set(account, fingerprints)
  }

  accountOfCertificate(fingerprint: string): string | undefined {
    return this.#certificates.entries().find(([, fingerprints]) => fingerprints.includes(fingerprint))?.[0]
  }

  aliases(domain?: string): readonly AliasRecord[] {
    return inOrder(this.#aliases, domain)
  }

  putAlias(record: AliasRecord): void {
    this.#aliases.set(record.address, record)
  }

  deleteAlias(address: string): void {
    this.#aliases.delete(address)
  }

  decoyKey(): Uint8Array {
    return this.#decoyKey
  }

  senderKey(): Uint8Array {
    return this.#senderKey
  }

  #isReader({ disabled, domain }: AccountRecord): boolean {
    return !disabled && this.#domains.get(domain)?.collection === undefined
  }
}

function inOrder<R extends { readonly address: string; readonly domain: string }>(
  records: ReadonlyMap<string, R>,
  domain: string | undefined,
): readonly R[] {
  return records
    .values()
    .filter((record) => domain === undefined || record.domain === domain)
    .toArray()
    .toSorted((a, b) => compare(a.address, b.address))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
