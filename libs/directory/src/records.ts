/** Empty `catchAll` and `postmaster` mean that there is none. All addresses are canonical. */
export interface DomainRecord {
  readonly name: string
  readonly catchAll: string
  readonly postmaster: string
  /** Absent: its mail is for mailboxes here. */
  readonly collection?: CollectionRecord | undefined
}

/** Mail of a domain waits until its customer comes for it; nothing else that is said of the domain applies to mail then. */
export interface CollectionRecord {
  /** Canonical; the account exists. */
  readonly account: string
  /** Octets; 0: as the operator has it for all. */
  readonly quota: bigint
  /** 0: as the operator has it for all. */
  readonly keepSeconds: bigint
  /** Address, or empty: nobody. */
  readonly contact: string
}

export interface AccountRecord {
  readonly address: string
  readonly domain: string
  readonly disabled: boolean
  /** Octets; 0 is without limit. */
  readonly quota: bigint
  /** The password is to be kept so that it can be read again. */
  readonly reversible: boolean
  /** It may answer a CRAM-MD5 challenge without TLS. Only of accounts that are `reversible`. */
  readonly clearCramMd5: boolean
}

/** What is kept of a password for SCRAM with one hash. */
export interface ScramRecord {
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** What is kept of a password. */
export interface CredentialRecord {
  /** argon2id, as a PHC string. */
  readonly hash: string
  readonly sha256: ScramRecord
  /** Absent where the password has not been seen since such keys are kept. */
  readonly sha1?: ScramRecord | undefined
  /** The password, sealed with a key that is not in the store. Only of accounts that are `reversible`. */
  readonly secret?: Uint8Array | undefined
}

export type CollectedRecord = DomainRecord & { readonly collection: CollectionRecord }

export interface AliasRecord {
  readonly address: string
  readonly domain: string
  readonly targets: readonly string[]
}

/** What resolving needs to know. Answers at once: it is a Map, or a database in this thread. */
export interface RecordReader {
  domain(name: string): DomainRecord | undefined
  /** The domain that was added first, of those whose mail is for mailboxes here; of all when there is no such domain. */
  firstDomain(): string | undefined
  account(address: string): AccountRecord | undefined
  /** The account that was added first and is not disabled, in the domain or in all. In a domain that is collected nobody reads. */
  firstAccount(domain?: string): string | undefined
  /** The targets, in their order. */
  alias(address: string): readonly string[] | undefined
}

/** The whole store. It keeps what it is given and checks nothing: the verbs do. */
export interface Records extends RecordReader {
  domains(): readonly DomainRecord[]
  putDomain(record: DomainRecord): void
  /** What is said of its collection goes with it. */
  deleteDomain(name: string): void
  /** The domains that an account collects, in the order of their names. */
  domainsCollectedBy(account: string): readonly CollectedRecord[]
  /** In the order of their addresses; of all domains when none is named. */
  accounts(domain?: string): readonly AccountRecord[]
  /** Keeps the account's place in the order of addition when it exists. */
  putAccount(record: AccountRecord): void
  /** Credential and certificates go with it. */
  deleteAccount(address: string): void
  credential(account: string): CredentialRecord | undefined
  putCredential(account: string, record: CredentialRecord): void
  /** In lower-case hex, in their order. */
  certificates(account: string): readonly string[]
  /** Replaces them. */
  putCertificates(account: string, fingerprints: readonly string[]): void
  accountOfCertificate(fingerprint: string): string | undefined
  aliases(domain?: string): readonly AliasRecord[]
  putAlias(record: AliasRecord): void
  deleteAlias(address: string): void
  /** 32 octets, made once: the decoys of SCRAM are derived from it, so that they outlive a restart. */
  decoyKey(): Uint8Array
  /** 32 octets, made once: what proves that we have rewritten a sender. */
  senderKey(): Uint8Array
}
