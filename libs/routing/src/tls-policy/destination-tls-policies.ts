import type { Resolver } from '@cartero/dns'
import { enhancedStatus, parseAddressLiteral } from '@cartero/syntax'
import { normalAddress } from '@cartero/wire'
import type { HostPolicy, MailHost, TlsDemand, TlsPolicies, TlsPolicy, TlsWish, Way } from '../ports.ts'
import type { TlsFloor } from '../route.ts'
import { decideHostTls, type Decision } from './host-tls.ts'
import type { StsFound, StsPolicies } from './sts/policies.ts'
import { lookUpTlsa, tlsaText, type TlsaFound } from './tlsa-lookup.ts'

export interface DestinationTlsPoliciesOptions {
  readonly resolver: Resolver
  /** Absent: MTA-STS is not looked for. */
  readonly sts?: Pick<StsPolicies, 'of'>
  /** What is configured for a destination; undefined is nothing, which is as good as `opportunistic`. */
  readonly floorOf?: (way: Way) => TlsFloor | 'dane' | undefined
}

/**
 * Which TLS the hosts of a destination must have.
 *
 * The operator's word, DANE, MTA-STS: each may ask for more than the others, and none makes it less. Two exceptions:
 * `none` is an order, for hosts whose TLS is broken or that are reached through a tunnel, and nothing is looked up then; and
 * mail that says `TLS-Required: No` leaves aside what others have published, though not what is configured here.
 */
export class DestinationTlsPolicies implements TlsPolicies {
  readonly #options: DestinationTlsPoliciesOptions

  constructor(options: DestinationTlsPoliciesOptions) {
    this.#options = options
  }

  async of(way: Way, hosts: readonly MailHost[], wish: TlsWish, signal: AbortSignal): Promise<TlsPolicy> {
    const floor = this.#options.floorOf?.(way)
    if (floor === 'none') return withoutTls(hosts, wish)
    // RFC 8689 §4.1: who requires TLS does not do without it by a field in the message
    if (wish.optional && !wish.required) return leftAside(hosts, floor)
    const [tlsa, sts] = await Promise.all([
      Promise.all(hosts.map((host) => lookUpTlsa(this.#options.resolver, host, signal))),
      this.#stsOf(way, hosts, signal),
    ])
    const decisions = hosts.map((host, i) => {
      const { policy, isUncertain = false } = sts[i] ?? {}
      return decideHostTls({
        host,
        tlsa: tlsa[i]!,
        floor,
        isRequired: wish.required,
        isStsUncertain: isUncertain,
        ...(way.kind === 'remote' && { domain: way.domain }),
        ...(policy && { sts: policy }),
      })
    })
    return composed(decisions, tlsa, sts)
  }

  /** Of a route each host is its own domain, in whose name it has been configured. */
  // RFC 8461 §3.4
  async #stsOf(
    way: Way,
    hosts: readonly MailHost[],
    signal: AbortSignal,
  ): Promise<readonly (StsFound | undefined)[]> {
    const { sts } = this.#options
    if (sts === undefined) return []
    const domains = hosts.map((host) => (way.kind === 'remote' ? way.domain : host.name))
    const asked = new Map<string, Promise<StsFound>>()
    for (const domain of new Set(domains)) if (isName(domain)) asked.set(domain, sts.of(domain, signal))
    return Promise.all(domains.map((domain) => asked.get(domain) ?? Promise.resolve(undefined)))
  }
}

function isName(domain: string): boolean {
  return parseAddressLiteral(domain) === undefined && normalAddress(domain) === undefined
}

function withoutTls(hosts: readonly MailHost[], { required }: TlsWish): TlsPolicy {
  const step = required
    ? 'the mail requires TLS, and it is configured that there is none'
    : 'no TLS, as is configured'
  const policy: HostPolicy = required
    ? {
        kind: 'avoid',
        status: enhancedStatus(5, 'encryptedSessionNeeded'),
        reason: step,
        failure: 'starttls-not-supported',
      }
    : { kind: 'use', demand: { kind: 'none' } }
  return { ...NOTHING, hosts: hosts.map(() => policy), steps: [step] }
}

/** What a host's demand is when nothing was looked up. */
// RFC 8689 §4.2.2
function leftAside(hosts: readonly MailHost[], floor: TlsFloor | 'dane' | undefined): TlsPolicy {
  const demandOf = ({ name }: MailHost): TlsDemand => {
    // DANE is what others have published: the operator's part of it is that the host shows who it is.
    if (floor === 'verify' || floor === 'dane') return { kind: 'verify', names: [name] }
    return { kind: floor === 'encrypt' ? 'encrypt' : 'opportunistic' }
  }
  const step = `the mail says that TLS is not required: nothing but ${floor ?? 'opportunistic'} is asked for`
  return {
    ...NOTHING,
    hosts: hosts.map((host) => ({ kind: 'use', demand: demandOf(host) })),
    steps: [step],
  }
}

const NOTHING = { type: 'no-policy-found', text: [], isTestingOnly: false } as const

function composed(
  decisions: readonly Decision[],
  tlsa: readonly TlsaFound[],
  sts: readonly (StsFound | undefined)[],
): TlsPolicy {
  const hosts = decisions.map(({ policy }) => policy)
  const trouble = sts.find((one) => one?.trouble)?.trouble
  return {
    ...typeOf(tlsa, sts),
    hosts,
    steps: [...new Set([...tlsa, ...sts, ...decisions].flatMap((one) => one?.step ?? []))],
    // A host that is avoided, or must show who it is, is so for another reason: nobody is to be lenient with it.
    isTestingOnly:
      hosts.length > 0 && hosts.every((host) => host.kind === 'use' && host.tested !== undefined),
    ...(trouble && { trouble }),
  }
}

function typeOf(
  tlsa: readonly TlsaFound[],
  sts: readonly (StsFound | undefined)[],
): Pick<TlsPolicy, 'type' | 'text'> {
  const records = tlsa.flatMap((one) => ('records' in one ? one.records.map(tlsaText) : []))
  if (records.length > 0) return { type: 'tlsa', text: [...new Set(records)] }
  const policy = sts.find((one) => one?.policy !== undefined && one.policy.mode !== 'none')?.policy
  return policy ? { type: 'sts', text: policy.lines } : { type: 'no-policy-found', text: [] }
}
