import { randomBytes } from 'node:crypto'
import { LoginClient, LoginServer } from './login.ts'
import type { NonceSource, SaslClientMechanism, SaslServerMechanism } from './mechanism.ts'
import { PlainClient, PlainServer } from './plain.ts'
import { ScramClient } from './scram-client.ts'
import { ScramServer } from './scram-server.ts'
import type { CredentialVerifier } from './verifier.ts'

/** Random octets of our part of a nonce: 144 bits. */
const NONCE_OCTETS = 18

/** One mechanism: what is advertised and what is implemented come from the same row. */
export interface MechanismRow {
  /** As registered with IANA, in upper case. */
  readonly name: string
  /** The password itself crosses the wire, so never without TLS. RFC 4954 §4, RFC 8314 §3 */
  readonly needsTls: boolean
  /** The server's side of one exchange. */
  create(verifier: CredentialVerifier, newNonce?: NonceSource): SaslServerMechanism
  /** The client's side of one exchange. */
  connect(login: string, password: string, newNonce?: NonceSource): SaslClientMechanism
}

/** All mechanisms, the one to prefer first. */
export const mechanisms: readonly MechanismRow[] = [
  {
    name: 'SCRAM-SHA-256',
    needsTls: false,
    create: (verifier, newNonce = randomNonce) => new ScramServer(verifier, newNonce),
    connect: (login, password, newNonce = randomNonce) => new ScramClient(login, password, newNonce),
  },
  {
    name: 'PLAIN',
    needsTls: true,
    create: (verifier) => new PlainServer(verifier),
    connect: (login, password) => new PlainClient(login, password),
  },
  {
    name: 'LOGIN',
    needsTls: true,
    create: (verifier) => new LoginServer(verifier),
    connect: (login, password) => new LoginClient(login, password),
  },
]

/** The mechanisms that may be offered on a channel, in order of preference. */
export function offeredMechanisms(tls: boolean): readonly MechanismRow[] {
  return mechanisms.filter((row) => tls || !row.needsTls)
}

/** The row of that name, whatever its case (RFC 4422 §3.1). */
export function mechanismNamed(name: string): MechanismRow | undefined {
  const upper = name.toUpperCase()
  return mechanisms.find((row) => row.name === upper)
}

/** What a client should use of what a server offers; undefined when there is nothing that is safe on this channel. */
export function preferredMechanism(offered: readonly string[], tls: boolean): MechanismRow | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()))
  return offeredMechanisms(tls).find((row) => names.has(row.name))
}

function randomNonce(): string {
  return randomBytes(NONCE_OCTETS).toString('base64')
}
