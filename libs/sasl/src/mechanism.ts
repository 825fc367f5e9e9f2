import { decodeUtf8 } from '@cartero/syntax'
import type { MaybePromise } from '@cartero/wire'
import type { CredentialVerifier } from './verifier.ts'

/** Whose doing a failed exchange was: who or what is known is wrong, the words are wrong, or the directory is away. */
export type SaslFailure = 'credentials' | 'malformed' | 'unavailable'

/**
 * What the server does next.
 *
 * - `challenge`: send these bytes (base64 is the protocol's affair) and call `next` with the response.
 * - `success`: the peer is `account`. `final` is for protocols that can put data beside their success (RFC 4422 §3.6);
 *   the mechanisms of this room never use it, because SMTP, IMAP and POP3 cannot carry it: what they have to say last
 *   is a challenge, which the client answers with an empty response.
 * - `failure`: the exchange is over. `login` is what the peer claimed and `cause` what the verifier threw: for the log,
 *   never for the wire.
 */
export type SaslStep =
  | { readonly kind: 'challenge'; readonly bytes: Buffer }
  | { readonly kind: 'success'; readonly account: string; readonly final?: Buffer }
  | {
      readonly kind: 'failure'
      readonly reason: SaslFailure
      readonly login?: string
      readonly cause?: unknown
    }

/** One exchange, seen by the server. It ends with `success` or `failure` and is then thrown away. Never rejects. */
export interface SaslServerMechanism {
  /** @param response what the peer sent, decoded; undefined on the first call when there was no initial response */
  next(response: Buffer | undefined): MaybePromise<SaslStep>
}

/** One exchange, seen by the client. */
export interface SaslClientMechanism {
  /** The initial response; undefined when the server speaks first. */
  initial(): Buffer | undefined
  /** The response to a challenge. Throws SaslClientError when the server is not to be trusted or not understood. */
  respond(challenge: Buffer): Buffer
  /** Whether success may be believed now: false until a mechanism with mutual authentication has seen the server's proof. */
  readonly complete: boolean
}

/** Makes a fresh nonce: printable ASCII without comma, too long to guess or to repeat. RFC 5802 §5.1 */
export type NonceSource = () => string

/** The client leaves the exchange; the fault is the server's, or that of whoever configured it. */
export class SaslClientError extends Error {
  override readonly name = 'SaslClientError'
}

/**
 * Octets of a response in base64, CRLF included. RFC 4954 §4.
 * It bounds what one connection can make us hold before it is known.
 */
export const MAX_RESPONSE_LINE = 12_288

/** Octets of a login, an authorization identity or a password. RFC 4616 §2 asks for 255 at least; addresses have up to 320. */
export const MAX_FIELD = 1024

/** A peer's login or password as text, or undefined when it cannot be one. */
export function fieldText(octets: Buffer): string | undefined {
  return octets.length > MAX_FIELD ? undefined : utf8Text(octets)
}

/** A peer's UTF-8, or undefined when it is not UTF-8 or has a NUL, which no mechanism lets be part of a text. */
export function utf8Text(octets: Buffer): string | undefined {
  return octets.includes(0) ? undefined : decodeUtf8(octets)
}

/** Puts login and password to the verifier and makes its answer a step. */
export function checkPassword(
  verifier: CredentialVerifier,
  login: string,
  password: string,
): Promise<SaslStep> {
  return outcomeOf(login, () => verifier.password(login, password))
}

/** Makes a verifier's answer a step. `login` is what the peer claimed. */
export async function outcomeOf(login: string, verify: () => Promise<string | undefined>): Promise<SaslStep> {
  try {
    const account = await verify()
    return account === undefined
      ? { kind: 'failure', reason: 'credentials', login }
      : { kind: 'success', account }
  } catch (cause) {
    return { kind: 'failure', reason: 'unavailable', login, cause }
  }
}

export const MALFORMED: SaslStep = { kind: 'failure', reason: 'malformed' }
