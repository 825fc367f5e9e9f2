import type { TlsaRecord } from '@cartero/dns'
import type { EnhancedStatus } from '@cartero/syntax'

/** Where mail for a recipient goes: to the hosts that the DNS names for its domain, or by a way that the operator has configured. */
export type Way =
  | { readonly kind: 'remote'; readonly domain: string }
  | { readonly kind: 'route'; readonly name: string }

/** A host that takes mail for a destination. */
export interface MailHost {
  /** Its name, as it is to be found in its certificate; an address when it has none. Lower case. */
  readonly name: string
  readonly port: number
  /** MX preference, the lower the sooner; 0 when there was no choice. */
  readonly preference: number
  /** Of both families, in the order in which they are to be tried. */
  readonly addresses: readonly string[]
  /** How the name was found: what is validated from its MX on is the base of DANE (RFC 7672 §2.2). */
  readonly isValidated: boolean
  /**
   * Its name is sure, wherever it is: it is configured, it is the domain's own, or the MX records that name it are validated.
   */
  // RFC 8689 §4.2.1
  readonly isNameValidated?: boolean
  /** The name behind CNAMEs, when there are any: where TLSA records are looked for first (RFC 7672 §2.2.3). */
  readonly canonicalName?: string
}

/** What was found out about a destination; each step in a sentence, for `cartero explain`. */
export type HostsFound = (
  | { readonly kind: 'hosts'; readonly hosts: readonly MailHost[] }
  /** Nothing there that mail could go to: for now (4.x.x), or for good (5.x.x). */
  | { readonly kind: 'none'; readonly status: EnhancedStatus; readonly reason: string }
) & {
  /** `mx`: by MX records; `address`: it has none, so that the domain is its own host (RFC 5321 §5.1); `configured`; `literal`. */
  readonly by: 'mx' | 'address' | 'configured' | 'literal'
  readonly steps: readonly string[]
}

/** Hosts of a destination, those of equal preference in an order of their own each time. */
export interface HostFinder {
  /** Never rejects for what the DNS says or does not say; that is `none`. Aborting rejects. */
  find(way: Way, signal: AbortSignal): Promise<HostsFound>
}

/** How TLS is to be with one host. */
export type TlsDemand =
  /** No TLS, though it may be offered: the operator wants it so. */
  | { readonly kind: 'none' }
  /** TLS where it is offered, with whatever certificate; without it otherwise (RFC 7435). */
  | { readonly kind: 'opportunistic' }
  /** TLS, with whatever certificate. */
  | { readonly kind: 'encrypt' }
  /** TLS, and a certificate that an authority vouches for and that bears one of these names. */
  | { readonly kind: 'verify'; readonly names: readonly string[] }
  /** TLS, and a certificate or key that one of these records names (RFC 7672); the names are for usage 2 (DANE-TA). */
  | {
      readonly kind: 'dane'
      readonly records: readonly TlsaRecord[]
      readonly names: readonly string[]
    }

/** What may go wrong with TLS, in the words of reports. */
// RFC 8460 §4.3
export type TlsFailure =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid'

/** What a policy says of one host. */
export type HostPolicy =
  | {
      readonly kind: 'use'
      readonly demand: TlsDemand
      /** What a policy that is only tested would have said. */
      readonly tested?: HostPolicy
    }
  /** The policy does not allow mail to go there; another host may do. 5.x.x is for what waiting does not mend. */
  | {
      readonly kind: 'avoid'
      readonly status: EnhancedStatus
      /** Without the host's name: whoever tells it says which host it is. */
      readonly reason: string
      readonly failure: TlsFailure
    }

/** Under which policy a session ran (RFC 8460 §4.2). */
export type PolicyType = 'tlsa' | 'sts' | 'no-policy-found'

/** The TLS policy of a destination at this moment. */
export interface TlsPolicy {
  readonly type: PolicyType
  /** What each host of the destination has to satisfy, in their order. */
  readonly hosts: readonly HostPolicy[]
  /** Its text, as it is reported: lines of an STS policy, TLSA records. */
  readonly text: readonly string[]
  /** For `cartero explain`, a sentence each. */
  readonly steps: readonly string[]
  /** All hosts may be used, and a policy that is only tested might refuse them (`tested`): that is reported, and no more (RFC 8461 §5). */
  readonly isTestingOnly: boolean
  /** A policy that is there and could not be used, or not be renewed. */
  readonly trouble?: { readonly failure: TlsFailure; readonly detail: string }
}

/** What the mail itself asks for. */
export interface TlsWish {
  /** REQUIRETLS (RFC 8689 §4.2.1): a policy that verifies, or the mail stays. */
  readonly required: boolean
  /** `TLS-Required: No` (RFC 8689 §4.1): policies that were found are left aside. */
  readonly optional: boolean
}

/** Finds out which TLS a destination demands: configured floor, DANE, MTA-STS, in that order of precedence. */
export interface TlsPolicies {
  of(way: Way, hosts: readonly MailHost[], wish: TlsWish, signal: AbortSignal): Promise<TlsPolicy>
}

/** What came of TLS in one session; collected for the reports of RFC 8460. */
export interface TlsResult {
  readonly domain: string
  readonly policy: Pick<TlsPolicy, 'type' | 'text' | 'isTestingOnly'>
  readonly host: string
  readonly hostAddress?: string
  readonly sourceAddress?: string
  /** Undefined: success. */
  readonly failure?: TlsFailure
  readonly detail?: string
}
