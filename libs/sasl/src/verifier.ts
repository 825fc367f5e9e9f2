import type { TlsPeer } from '@cartero/wire'
import type { ScramHash, ScramKeys } from './scram-keys.ts'

/**
 * Who knows the credentials: the directory, in production. Logins and passwords arrive prepared with SASLprep.
 *
 * A rejected promise means that nothing is known now (the peer is told to try later), never that the proof is wrong.
 * What a verifier cannot do it leaves out: a mechanism is on offer only where it can be verified.
 */
export interface CredentialVerifier {
  /** The account that login and password lead to; undefined when there is none, after the same time as when there is. */
  password(login: string, password: string): Promise<string | undefined>
  /**
   * The stored keys of the login, or decoys without `account` for a login that is unknown: stable from call to call, so
   * that salt and iteration count do not tell who exists. RFC 5802 §9
   */
  scramKeys(login: string, hash: ScramHash): Promise<ScramKeys & { readonly account?: string }>
  /** Hashes of which there are keys; SHA-256 alone when absent. */
  readonly scramHashes?: readonly ScramHash[]
  /** Whether the proof was right that followed `scramKeys`: who slows down guessing has to know. */
  scramOutcome?(login: string, right: boolean): void
  /** The account for which the token speaks. `claimed` is whom the client says it is, or ''; it must be the same. */
  token?(token: string, claimed: string): Promise<string | undefined>
  /** The account of a verified certificate's holder. `claimed` as above; without it the account must be the only one. */
  certificate?(peer: TlsPeer, claimed: string): Promise<string | undefined>
  /** The account whose password makes this digest of the challenge; its secret never leaves who keeps it. RFC 2195 §2 */
  cramMd5?(login: string, challenge: string, digest: string): Promise<string | undefined>
}

/** Who can tell for whom a bearer token speaks: whoever knows the keys of its issuer, or asks him. */
export interface TokenVerifier {
  /** The login that the token is for; undefined when it is not to be trusted. Rejects when that cannot be told now. */
  verify(token: string, signal: AbortSignal): Promise<{ readonly login: string } | undefined>
}
