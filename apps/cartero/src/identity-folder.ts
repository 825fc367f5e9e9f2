import { X509Certificate } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'

import { explainSystemError, OperatorError } from '@cartero/agent/lifecycle'

import { writeDurably } from './durable-file.ts'
import { issueCertificate, makeAuthority, type SelfSigned } from './self-signed.ts'

/** What the authority is called; it vouches for one installation. */
const AUTHORITY = 'authority'
const AUTHORITY_NAME = 'Cartero agents'
/** A certificate that ends sooner is made anew. */
const RENEWED_DAYS = 30
const DAY = 86_400_000

/** Somebody who proves who he is: an agent, or a server that agents speak with. */
export interface Member {
  /** Of its files: `<name>.pem`, `<name>.key`. */
  readonly name: string
  /** DNS names and addresses by which it is reached, beside its name and this machine. */
  readonly reachedAs: readonly string[]
}

export interface IdentityFolder {
  readonly path: string
  /** Those that were made; the others had one. */
  readonly made: readonly string[]
}

/**
 * Certificates by which agents and servers of one installation know each other, in one folder: `authority.pem` is whom all believe,
 * `<name>.pem` and `<name>.key` are each one's own. What is there and good stays, so that it can be said again for more names.
 * Throws OperatorError when the folder cannot be used.
 *
 * @param isRenewed all are made anew, but for the authority
 */
export async function makeIdentities(
  folder: string,
  members: readonly Member[],
  isRenewed = false,
): Promise<IdentityFolder> {
  const path = resolve(folder)
  try {
    // Certificates are for all to read, also for servers of other users; only keys are not.
    if (mkdirSync(path, { recursive: true }) !== undefined) chmodSync(path, 0o755)
    const made: string[] = []
    const authority = await authorityIn(path, made)
    for (const member of members) {
      if (!isRenewed && isGood(path, member, authority)) continue
      const { certificate, key } = await issueCertificate(subjectOf(member), authority)
      keep(path, member.name, { certificate, key })
      made.push(member.name)
    }
    return { path, made }
  } catch (error) {
    throw explainSystemError(error, `make certificates in ${path}`)
  }
}

async function authorityIn(path: string, made: string[]): Promise<SelfSigned> {
  const files = filesOf(path, AUTHORITY)
  if (existsSync(files.certificate)) {
    if (existsSync(files.key)) return read(path, AUTHORITY)
    throw new OperatorError(
      `${files.certificate} is there and ${files.key} is not`,
      'bring back the key; without it, take another folder, and give all agents what is made there',
    )
  }
  const authority = await makeAuthority(AUTHORITY_NAME)
  keep(path, AUTHORITY, authority)
  made.push(AUTHORITY)
  return authority
}

function isGood(path: string, { name, reachedAs }: Member, authority: SelfSigned): boolean {
  const files = filesOf(path, name)
  if (!existsSync(files.certificate) || !existsSync(files.key)) return false
  const certificate = new X509Certificate(readFileSync(files.certificate))
  const isOurs = certificate.verify(new X509Certificate(authority.certificate).publicKey)
  const isLasting = Date.parse(certificate.validTo) - Date.now() > RENEWED_DAYS * DAY
  const isNamed = (host: string): boolean =>
    (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined
  return isOurs && isLasting && [name, ...reachedAs].every(isNamed)
}

/** On the machine itself it is reached, too: health checks and tests are there. */
function subjectOf({ name, reachedAs }: Member) {
  const all = [name, ...reachedAs, 'localhost', '127.0.0.1', '::1']
  return {
    names: all.filter((host) => isIP(host) === 0),
    addresses: all.filter((host) => isIP(host) !== 0),
  }
}

function read(path: string, name: string): SelfSigned {
  const files = filesOf(path, name)
  return { certificate: readFileSync(files.certificate, 'utf8'), key: readFileSync(files.key, 'utf8') }
}

function keep(path: string, name: string, { certificate, key }: SelfSigned): void {
  const files = filesOf(path, name)
  // The key first: a certificate is the sign that both are there.
  writeDurably(files.key, key, { mode: 0o600 })
  writeDurably(files.certificate, certificate, { mode: 0o644 })
}

function filesOf(path: string, name: string) {
  return { certificate: join(path, `${name}.pem`), key: join(path, `${name}.key`) }
}
