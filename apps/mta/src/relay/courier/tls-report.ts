import type { HostPolicy, MailHost, TlsFailure, TlsPolicy, TlsResult, Way } from '@cartero/routing'
import type { TlsFacts } from '@cartero/wire'
import type { Connected, DialError } from '@cartero/wire/node'

/** What a session knows of itself. */
export interface SessionFacts {
  readonly way: Way
  readonly policy: TlsPolicy
  readonly host: MailHost
  readonly connected: Connected | undefined
}

/** Why TLS did not come about as it should. */
export interface Failed {
  readonly failure: TlsFailure
  readonly detail?: string
}

/** What to say of TLS in one session; undefined, when nobody asks for reports about such ways. */
// RFC 8460 §4
export function tlsResult(
  { way, policy, host, connected }: SessionFacts,
  failed?: Failed,
): TlsResult | undefined {
  if (way.kind === 'route') return undefined
  const { type, text, isTestingOnly } = policy
  return {
    domain: way.domain,
    policy: { type, text, isTestingOnly },
    host: host.name,
    ...(connected && { hostAddress: connected.remoteAddress, sourceAddress: connected.localAddress }),
    ...failed,
  }
}

/** It did not offer STARTTLS, or declined it. */
// RFC 8460 §4.3.1
export const NO_STARTTLS: TlsFailure = 'starttls-not-supported'

/** Result types of certificates, by the code of OpenSSL or Node. */
// RFC 8460 §4.3.1
const CERTIFICATE_FAILURES: Readonly<Record<string, TlsFailure>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-host-mismatch',
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-not-trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-not-trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-not-trusted',
}

/** What went wrong with TLS. */
export function tlsFailure({ stage, code, message }: DialError): Failed {
  const failure = stage === 'certificate' ? CERTIFICATE_FAILURES[code] : undefined
  return { failure: failure ?? 'validation-failure', detail: message }
}

/** What would have been refused, had the policy been in force that is only tested. */
// RFC 8461 §5
export function testedFailure(tested: HostPolicy | undefined, tls: TlsFacts | undefined): Failed | undefined {
  if (tls === undefined) return { failure: NO_STARTTLS }
  if (tested === undefined) return undefined
  if (tested.kind === 'avoid') return { failure: tested.failure, detail: tested.reason }
  const isVerified = tested.demand.kind !== 'verify' || tls.verified === true
  return isVerified ? undefined : { failure: 'certificate-not-trusted' }
}
