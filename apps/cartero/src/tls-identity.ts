import { X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

import { explainSystemError, OperatorError, type Component, type Health } from '@cartero/agent/lifecycle'
import { checkIdentity, TlsServer, type Identity } from '@cartero/wire/node'

import type { DataFolder } from './data-folder.ts'
import { writeDurably } from './durable-file.ts'
import { makeSelfSigned } from './self-signed.ts'

/** Days before the end of a certificate from which on the operator is told. */
const EXPIRY_NOTICE_DAYS = 14
const DAY = 86_400_000

/** Paths of a certificate and its key. */
interface Pair {
  readonly certificate: string
  readonly key: string
}

export interface TlsIdentityOptions {
  /** Paths of the operator's own; both or none. */
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** More of them, for other names. */
  readonly certificates?: readonly Pair[]
  readonly data: DataFolder
  /** Names in the certificate that is made when there is none. */
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  /** A self-signed certificate is what is wanted, not a notice. */
  readonly selfSignedIsFine: boolean
  /** Path of the authorities whose certificates our users may show. */
  readonly clientAuthorities?: string | undefined
}

/** The certificates under which all agents speak TLS, from files that can be read again while running. */
export class TlsIdentity implements Component {
  readonly name = 'tls'
  readonly #options: TlsIdentityOptions
  #server: TlsServer | undefined
  #serverForUsers: TlsServer | undefined
  /** Of all certificates the first to expire. */
  #firstToExpire: { readonly file: string; readonly at: number } | undefined

  constructor(options: TlsIdentityOptions) {
    this.#options = options
  }

  /** Only after the start. */
  get server(): TlsServer {
    if (this.#server === undefined) throw new Error('TLS is asked for before it was started')
    return this.#server
  }

  /**
   * The same identity at the doors of our users, who are asked for a certificate when there are authorities to believe.
   * Strangers are not: some MTAs take the question for a demand.
   */
  get serverForUsers(): TlsServer {
    return this.#serverForUsers ?? this.server
  }

  async start(): Promise<void> {
    const { data } = this.#options
    if (this.#isSelfMade && !existsSync(data.certificate)) await keepSelfSigned(this.#options)
    this.reload()
  }

  /** Whether the operator has no certificate of its own. */
  get #isSelfMade(): boolean {
    return this.#options.certificate === undefined && (this.#options.certificates ?? []).length === 0
  }

  get #pairs(): readonly Pair[] {
    const { certificate, key, certificates = [], data } = this.#options
    if (this.#isSelfMade) return [data]
    return certificate === undefined || key === undefined
      ? certificates
      : [{ certificate, key }, ...certificates]
  }

  /** Reads the files again; new handshakes use what they hold. Throws OperatorError and keeps all the old when one is no good. */
  reload(): void {
    const { clientAuthorities } = this.#options
    const pairs = this.#pairs
    const identities = pairs.map((pair) => this.#read(pair))
    const authorities =
      clientAuthorities === undefined
        ? undefined
        : readAuthorities(clientAuthorities, 'auth.clientAuthorities')
    if (authorities !== undefined) this.#believe(identities, authorities)
    if (this.#server === undefined) this.#server = new TlsServer(identities)
    else this.#server.replace(identities)
    const ends = identities.map(({ certificate }, i) => ({
      file: pairs[i]!.certificate,
      at: Date.parse(new X509Certificate(certificate).validTo),
    }))
    this.#firstToExpire = ends.toSorted((a, b) => a.at - b.at)[0]
  }

  #read(pair: Pair): Identity {
    const identity: Identity = { certificate: read(pair.certificate), key: read(pair.key) }
    try {
      checkIdentity(identity)
      return identity
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new OperatorError(
        `${pair.certificate} and ${pair.key} are no certificate and its key: ${reason}`,
        this.#isSelfMade
          ? 'remove the two files: new ones are made'
          : 'name PEM files in tls.certificate and tls.key, or in tls.certificates, that belong together',
        { cause: error },
      )
    }
  }

  #believe(identities: readonly Identity[], clientAuthorities: string): void {
    const options = { clientAuthorities }
    if (this.#serverForUsers === undefined) this.#serverForUsers = new TlsServer(identities, options)
    else this.#serverForUsers.replace(identities, options)
  }

  health(): Health {
    const { file = '', at = Number.NaN } = this.#firstToExpire ?? {}
    const days = Math.floor((at - Date.now()) / DAY)
    const selfMade = this.#isSelfMade
    if (days < EXPIRY_NOTICE_DAYS) {
      const reason =
        days < 0 ? `the certificate ${file} has expired` : `the certificate ${file} expires in ${days} days`
      const hint = selfMade
        ? 'remove certificate.pem and key.pem and start again'
        : 'renew it, then send SIGHUP'
      return { status: 'degraded', reason, hint }
    }
    if (selfMade && !this.#options.selfSignedIsFine) {
      const reason = 'the certificate is self-signed: clients will warn their users'
      return { status: 'degraded', reason, hint: 'set tls.certificate and tls.key' }
    }
    return { status: 'ok', detail: `valid for ${days} days` }
  }
}

function read(file: string, remedy = 'check the paths below tls, and who may read the files'): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw explainSystemError(error, `read ${resolve(file)}`, remedy)
  }
}

/** Throws OperatorError unless the file has certificates: with none OpenSSL would believe those of the system. */
export function readAuthorities(file: string, key: string): string {
  const pem = read(file, `check ${key}, and who may read the file`)
  if (hasCertificate(pem)) return pem
  const remedy = `set ${key} to a PEM file of certificate authorities`
  throw new OperatorError(`${file} has no certificate`, remedy)
}

function hasCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

async function keepSelfSigned({ data, names, addresses }: TlsIdentityOptions): Promise<void> {
  const { certificate, key } = await makeSelfSigned({ names, addresses })
  mkdirSync(dirname(data.key), { recursive: true, mode: 0o700 })
  // The key first: a certificate is the sign that both are there.
  writeDurably(data.key, key, { mode: 0o600 })
  writeDurably(data.certificate, certificate, { mode: 0o644 })
}
