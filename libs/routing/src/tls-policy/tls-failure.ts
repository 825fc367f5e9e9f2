import type { TlsFacts } from '@cartero/wire'
import { DialError } from '@cartero/wire/node'
import type { HostPolicy, TlsDemand, TlsFailure } from '../ports.ts'

/** What came of TLS in one session with a host. */
export type TlsOutcome =
  | { readonly kind: 'secured'; readonly tls: TlsFacts }
  /** It did not offer STARTTLS, or would not have it. */
  | { readonly kind: 'notOffered' }
  /** The handshake or the certificate. */
  | { readonly kind: 'failed'; readonly error: Error }

export interface FailureTold {
  readonly failure: TlsFailure
  readonly detail?: string
}

/** By the code of OpenSSL or Node; what is not here is about trust when it is a certificate's. */
// RFC 8460 §4.3.1
const BY_CODE: Readonly<Record<string, TlsFailure>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-host-mismatch',
  CERT_HAS_EXPIRED: 'certificate-expired',
  // RFC 8460 §4.3.2.1
  TLSA_UNUSABLE: 'tlsa-invalid',
  // No type is made for it: neither is the record broken nor is an authority missed.
  TLSA_MISMATCH: 'validation-failure',
  NO_CERTIFICATE: 'validation-failure',
}

/** How the code of a certificate that was not verified is called in reports. */
function tlsFailureOfCode(code: string): TlsFailure {
  return BY_CODE[code] ?? 'certificate-not-trusted'
}

/** How an error is called in reports; undefined when it is none of TLS, but of a connection that did not come about. */
export function tlsFailureOf(error: Error): TlsFailure | undefined {
  if (!(error instanceof DialError)) return 'validation-failure'
  if (error.stage === 'connect') return undefined
  return error.stage === 'certificate' ? tlsFailureOfCode(error.code) : 'validation-failure'
}

/**
 * What a session is reported as: undefined for success, and for what is no matter of TLS. A policy that is only tested is
 * held against it as if it was in force.
 */
export function judgeTls(policy: HostPolicy, outcome: TlsOutcome): FailureTold | undefined {
  const { kind } = outcome
  if (kind === 'notOffered') return { failure: 'starttls-not-supported' }
  if (kind === 'failed') {
    const failure = tlsFailureOf(outcome.error)
    return failure && { failure, detail: outcome.error.message }
  }
  return judgeTested(policy.kind === 'use' ? policy.tested : undefined, outcome.tls)
}

function judgeTested(tested: HostPolicy | undefined, tls: TlsFacts): FailureTold | undefined {
  if (tested === undefined) return undefined
  if (tested.kind === 'avoid') return { failure: tested.failure, detail: tested.reason }
  if (!isVerified(tested.demand) || tls.verified !== false) return undefined
  const { unverifiedBecause = 'unknown' } = tls
  return { failure: tlsFailureOfCode(unverifiedBecause), detail: unverifiedBecause }
}

/** Whether a demand is only satisfied by a host that shows who it is. */
function isVerified({ kind }: TlsDemand): boolean {
  return kind === 'verify' || kind === 'dane'
}
