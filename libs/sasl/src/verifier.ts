import type { ScramKeys } from './scram-keys.ts'

/**
 * Who knows the credentials: the directory, in production. Logins and passwords arrive prepared with SASLprep.
 *
 * A rejected promise means that nothing is known now (the peer is told to try later), never that the password is wrong.
 */
export interface CredentialVerifier {
  /** The account that login and password lead to; undefined when there is none, after the same time as when there is. */
  password(login: string, password: string): Promise<string | undefined>
  /**
   * The stored keys of the login, or decoys without `account` for a login that is unknown: stable from call to call, so
   * that salt and iteration count do not tell who exists. RFC 5802 §9
   */
  scramKeys(login: string): Promise<ScramKeys & { readonly account?: string }>
  /** Whether the proof was right that followed `scramKeys`: who slows down guessing has to know. */
  scramOutcome?(login: string, right: boolean): void
}
