import type { SaslClientContext, SaslServerContext } from './context.ts'
import type { SaslClientMechanism, SaslServerMechanism } from './mechanism.ts'

/** One mechanism: what is advertised and what is implemented come from the same row. */
export interface MechanismRow {
  /** As registered with IANA, in upper case. */
  readonly name: string
  /** A password or a token itself crosses the wire, so never without TLS. RFC 4954 §4, RFC 8314 §3 */
  readonly needsTls: boolean
  /** Only where the operator asks for it. */
  readonly isDiscouraged?: true
  /** Whether it can be done on that channel, with that verifier. */
  isPossible(context: SaslServerContext): boolean
  /** The server's side of one exchange. */
  create(context: SaslServerContext): SaslServerMechanism
  /** Whether the client has what it takes. */
  isEquipped(context: SaslClientContext): boolean
  /** The client's side of one exchange. Throws SaslClientError when login or password cannot be used. */
  connect(context: SaslClientContext): SaslClientMechanism
}

/** What the client has, or throws what a caller did wrong who did not ask `isEquipped`. */
export function needed<T>(credential: T | undefined, what: string): T {
  if (credential === undefined) throw new TypeError(`this mechanism needs a ${what}`)
  return credential
}
