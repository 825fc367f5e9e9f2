import type {
  AccountRecord,
  AliasRecord,
  CollectedRecord,
  CredentialRecord,
  DomainRecord,
  ScramRecord,
} from '../records.ts'
import type { Answers, Questions } from './known-records.ts'

/** An answer as it comes from the database. */
export interface AnswerRow {
  readonly asked: keyof Answers
  readonly key: string
  /** JSON, parsed. */
  readonly answer: unknown
}

type Learn = <K extends keyof Answers>(asked: K, key: string, answer: Answers[K]) => void

/** Calls back with an answer to each question; to what is not among the rows it is that there is none. */
export function answersOf(questions: Questions, rows: readonly AnswerRow[], learn: Learn): void {
  for (const [asked, keys] of questions) for (const key of keys) learn(asked, key, NONE[asked] as never)
  for (const { asked, key, answer } of rows)
    if (answer !== null) learn(asked, key, READ[asked](answer as never) as never)
}

const NONE: Omit<Answers, 'secret'> & { readonly secret: undefined } = {
  domain: undefined,
  firstDomain: undefined,
  account: undefined,
  firstAccount: undefined,
  alias: undefined,
  credential: undefined,
  certificates: [],
  accountOfCertificate: undefined,
  domainsCollectedBy: [],
  secret: undefined,
  domains: [],
  accounts: [],
  aliases: [],
}

type Json<R> = { readonly [name in keyof R]: R[name] extends bigint ? string : R[name] }
interface DomainJson {
  readonly name: string
  readonly catchAll: string
  readonly postmaster: string
  readonly collection: Json<CollectedRecord['collection']> | null
}
type ScramJson = { readonly [name in keyof ScramRecord]: name extends 'iterations' ? number : string }
interface CredentialJson {
  readonly hash: string
  readonly sha256: ScramJson
  readonly sha1: ScramJson | null
  readonly secret: string | null
}

const same = <T>(answer: T): T => answer

const READ = {
  domain: domainOf,
  firstDomain: same<string>,
  account: accountOf,
  firstAccount: same<string>,
  alias: same<readonly string[]>,
  credential: credentialOf,
  certificates: same<readonly string[]>,
  accountOfCertificate: same<string>,
  domainsCollectedBy: (answers: readonly DomainJson[]) => answers.map(domainOf) as CollectedRecord[],
  secret: octetsOf,
  domains: (answers: readonly DomainJson[]) => answers.map(domainOf),
  accounts: (answers: readonly Json<AccountRecord>[]) => answers.map(accountOf),
  aliases: same<readonly AliasRecord[]>,
} satisfies { readonly [K in keyof Answers]: (answer: never) => Answers[K] }

function domainOf({ name, catchAll, postmaster, collection }: DomainJson): DomainRecord {
  if (collection === null) return { name, catchAll, postmaster }
  const { account, quota, keepSeconds, contact } = collection
  return {
    name,
    catchAll,
    postmaster,
    collection: { account, quota: BigInt(quota), keepSeconds: BigInt(keepSeconds), contact },
  }
}

function accountOf({ quota, ...rest }: Json<AccountRecord>): AccountRecord {
  return { ...rest, quota: BigInt(quota) }
}

function credentialOf({ hash, sha256, sha1, secret }: CredentialJson): CredentialRecord {
  return {
    hash,
    sha256: scramOf(sha256),
    sha1: sha1 === null ? undefined : scramOf(sha1),
    secret: secret === null ? undefined : octetsOf(secret),
  }
}

function scramOf({ salt, iterations, storedKey, serverKey }: ScramJson): ScramRecord {
  return {
    salt: octetsOf(salt),
    iterations,
    storedKey: octetsOf(storedKey),
    serverKey: octetsOf(serverKey),
  }
}

function octetsOf(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}
