import type {
  AccountRecord,
  AliasRecord,
  CollectedRecord,
  CredentialRecord,
  DomainRecord,
  Records,
} from '../records.ts'
import type { Statement } from '@cartero/sql/postgres'
import { WRITES } from './writes.ts'

/** What a verb can ask of the store, and what it is told. The key is '' where there is only one such thing, or all are meant. */
export interface Answers {
  domain: DomainRecord | undefined
  firstDomain: string | undefined
  account: AccountRecord | undefined
  firstAccount: string | undefined
  alias: readonly string[] | undefined
  credential: CredentialRecord | undefined
  certificates: readonly string[]
  accountOfCertificate: string | undefined
  domainsCollectedBy: readonly CollectedRecord[]
  secret: Uint8Array
  domains: readonly DomainRecord[]
  accounts: readonly AccountRecord[]
  aliases: readonly AliasRecord[]
}

/** The keys that are to be looked up, by what is asked. */
export type Questions = ReadonlyMap<keyof Answers, ReadonlySet<string>>

export interface Write {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

/**
 * The store as far as it is known, for a verb that does not wait. What is not known yet is noted and answered by a guess, so that the
 * verb goes on and asks for more; then what it returns is worth nothing, and it is run again when the answers are there.
 */
export class KnownRecords implements Records {
  readonly #known = new Map<string, Answers[keyof Answers]>()
  #questions = new Map<keyof Answers, Set<string>>()
  #writes: Write[] = []

  /** Before each run of the verb. */
  begin(): void {
    this.#questions = new Map()
    this.#writes = []
  }

  /** What the last run was not told. None: what it returned is true, and `writes` is what it wrote. */
  get questions(): Questions {
    return this.#questions
  }

  get writes(): readonly Write[] {
    return this.#writes
  }

  learn<K extends keyof Answers>(asked: K, key: string, answer: Answers[K]): void {
    this.#known.set(`${asked} ${key}`, answer)
  }

  /** The guess is one of ours, so that who has an address there is asked at the same time. */
  domain(name: string): DomainRecord | undefined {
    return this.#look('domain', name, () => ({ name, catchAll: '', postmaster: '' }))
  }

  firstDomain(): string | undefined {
    return this.#look('firstDomain', '')
  }

  account(address: string): AccountRecord | undefined {
    return this.#look('account', address)
  }

  firstAccount(domain = ''): string | undefined {
    return this.#look('firstAccount', domain)
  }

  alias(address: string): readonly string[] | undefined {
    return this.#look('alias', address)
  }

  domains(): readonly DomainRecord[] {
    return this.#look('domains', '', () => [])
  }

  domainsCollectedBy(account: string): readonly CollectedRecord[] {
    return this.#look('domainsCollectedBy', account, () => [])
  }

  accounts(domain = ''): readonly AccountRecord[] {
    return this.#look('accounts', domain, () => [])
  }

  credential(account: string): CredentialRecord | undefined {
    return this.#look('credential', account)
  }

  certificates(account: string): readonly string[] {
    return this.#look('certificates', account, () => [])
  }

  accountOfCertificate(fingerprint: string): string | undefined {
    return this.#look('accountOfCertificate', fingerprint)
  }

  aliases(domain = ''): readonly AliasRecord[] {
    return this.#look('aliases', domain, () => [])
  }

  decoyKey(): Uint8Array {
    return this.#look('secret', 'decoy', () => new Uint8Array(32))
  }

  senderKey(): Uint8Array {
    return this.#look('secret', 'sender', () => new Uint8Array(32))
  }

  putDomain({ name, catchAll, postmaster, collection }: DomainRecord): void {
    this.#write(WRITES.putDomain, [name, catchAll, postmaster])
    if (collection === undefined) return this.#write(WRITES.deleteCollection, [name])
    const { account, quota, keepSeconds, contact } = collection
    this.#write(WRITES.putCollection, [name, account, quota, keepSeconds, contact])
  }

  deleteDomain(name: string): void {
    this.#write(WRITES.deleteDomain, [name])
  }

  putAccount({ address, domain, disabled, quota, reversible, clearCramMd5 }: AccountRecord): void {
    this.#write(WRITES.putAccount, [address, domain, disabled, quota, reversible, clearCramMd5])
  }

  deleteAccount(address: string): void {
    this.#write(WRITES.deleteAccount, [address])
  }

  putCredential(account: string, { hash, sha256, sha1, secret }: CredentialRecord): void {
    const columns = [sha256, sha1].flatMap((keys) => [
      keys?.salt,
      keys?.iterations,
      keys?.storedKey,
      keys?.serverKey,
    ])
    this.#write(WRITES.putCredential, [account, hash, ...columns, secret])
  }

  putCertificates(account: string, fingerprints: readonly string[]): void {
    this.#write(WRITES.deleteCertificates, [account])
    this.#write(WRITES.putCertificates, [account, fingerprints])
  }

  putAlias({ address, domain, targets }: AliasRecord): void {
    this.#write(WRITES.putAlias, [address, domain, targets])
  }

  deleteAlias(address: string): void {
    this.#write(WRITES.deleteAlias, [address])
  }

  #look<K extends keyof Answers>(asked: K, key: string, ...[guess]: Guess<Answers[K]>): Answers[K] {
    const name = `${asked} ${key}`
    if (this.#known.has(name)) return this.#known.get(name) as Answers[K]
    const keys = this.#questions.get(asked)
    if (keys === undefined) this.#questions.set(asked, new Set([key]))
    else keys.add(key)
    return guess?.() as Answers[K]
  }

  #write(statement: Statement, values: readonly unknown[]): void {
    this.#writes.push({ statement, values: values.map((value) => value ?? null) })
  }
}

/** Nobody is the guess where that is an answer. */
type Guess<A> = undefined extends A ? [guess?: () => A] : [guess: () => A]
