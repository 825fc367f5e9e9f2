import type { TlsFacts } from '@cartero/wire'
import type { NonceSource } from './mechanism.ts'
import type { CredentialVerifier } from './verifier.ts'

/** All that the server's side of a mechanism may know: who verifies, and over what it is spoken. */
export interface SaslServerContext {
  readonly verifier: CredentialVerifier
  /** Present under TLS. */
  readonly tls?: TlsFacts | undefined
  /** Passwords and tokens may cross without TLS: on loopback, by choice. */
  readonly inTheClear?: boolean
  /** Names of the mechanisms that the operator switched on; those of `defaultMechanisms` when absent. */
  readonly switchedOn?: ReadonlySet<string> | undefined
  /** What this host calls itself. */
  readonly hostname?: string
  /** What a client with a poor token is told, so that it can ask for a better one. */
  readonly tokenAdvice?: TokenAdvice | undefined
  readonly newNonce?: NonceSource
}

/** RFC 7628 §3.2.2 */
export interface TokenAdvice {
  /** What the token must allow. */
  readonly scope?: string
  /** Where the issuer describes itself (OpenID Connect Discovery). */
  readonly openidConfiguration?: string
}

/** What a client has to prove itself with, and over what it speaks. */
export interface SaslClientContext {
  readonly login: string
  readonly password?: string
  /** A bearer token. */
  readonly token?: string
  /** We showed a certificate in the TLS handshake. */
  readonly certificate?: boolean
  readonly tls?: TlsFacts | undefined
  /** Passwords and tokens may cross without TLS, or to a server whose certificate could not be verified. */
  readonly inTheClear?: boolean
  /** What the server offers; says whether it could have bound the channel. */
  readonly offered?: readonly string[]
  /** The server, as we know it. */
  readonly host?: string
  readonly port?: number
  readonly newNonce?: NonceSource
}
