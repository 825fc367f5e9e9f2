import type { Extension } from '@cartero/smtp'
import type { Domain } from '@cartero/syntax'
import { NetworkSet } from '@cartero/wire'
import { DEFAULT_ETRN_POLICY, type EtrnPolicy } from './etrn-policy.ts'
import { DEFAULT_HEADER_SHAPE, type HeaderShape } from './header-shape.ts'
import { NO_REFUSALS, type RefusalLists } from './refusal-lists.ts'

/** Who is told who exists. */
export type LookUpPolicy = 'never' | 'authenticated'

/** How much one address may do; 0 is without limit. */
// RFC 2505 §2.8
export interface AddressRates {
  readonly connectionsPerMinute: number
  readonly messagesPerMinute: number
  readonly recipientsPerMinute: number
}

/** What an SMTP edge does beyond taking mail. Each has a default and a reason. */
export interface ReceptionPolicy {
  /** May send to anybody, without login: our own machines. */
  readonly relayNetworks: NetworkSet
  /** Mail for other hosts can be sent on: whoever may relay, may then write to anybody. */
  readonly routesOut: boolean
  /** Only from there, login or not; undefined is from everywhere. */
  readonly onlyFrom: NetworkSet | undefined
  /** Proxies and filters that may say for whom they speak: XCLIENT and XFORWARD. */
  readonly proxies: NetworkSet
  readonly verify: LookUpPolicy
  readonly expand: LookUpPolicy
  /** SEND, SOML and SAML. */
  readonly obsoleteVerbs: boolean
  /** Nobody here accepts mail. */
  readonly acceptNoMail: boolean
  /** Domains that neither accept mail nor send any. */
  readonly noMailDomains: ReadonlySet<Domain>
  readonly refuse: RefusalLists
  readonly rates: AddressRates
  /** Kinds of solicitation that are not wanted; offered when there are any. */
  readonly solicitations: readonly string[]
  /** Seconds; the shortest time for a delivery that may be asked for. */
  readonly shortestDelivery: number
  /** Seconds; the longest that a message is kept back for its sender. */
  readonly longestHold: number
  readonly hiddenExtensions: ReadonlySet<Extension>
  readonly header: HeaderShape
  readonly etrn: EtrnPolicy
}

export const DEFAULT_RECEPTION_POLICY: ReceptionPolicy = {
  // Never an open relay: RFC 5321 §7.7, RFC 2505 §2.1
  relayNetworks: new NetworkSet(),
  routesOut: false,
  onlyFrom: undefined,
  // Whoever may say for whom he speaks can be anybody.
  proxies: new NetworkSet(),
  // Who exists is what spammers and guessers of passwords ask first: RFC 5321 §7.3, RFC 2505 §2.11
  verify: 'never',
  expand: 'never',
  // RFC 5321 appendix F.6: obsolete
  obsoleteVerbs: false,
  acceptNoMail: false,
  noMailDomains: new Set(),
  refuse: NO_REFUSALS,
  // What is usual depends on whom a host serves: a list server sends thousands a minute.
  rates: { connectionsPerMinute: 0, messagesPerMinute: 0, recipientsPerMinute: 0 },
  solicitations: [],
  // RFC 2852 §3: any
  shortestDelivery: 0,
  // Holidays and embargoes; what lies longer is an archive.
  longestHold: 30 * 86_400,
  hiddenExtensions: new Set(),
  header: DEFAULT_HEADER_SHAPE,
  etrn: DEFAULT_ETRN_POLICY,
}
