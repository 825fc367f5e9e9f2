import { enhancedStatus } from '@cartero/syntax'
import type { HostPolicy, MailHost, TlsDemand, TlsFailure } from '../ports.ts'
import type { TlsFloor } from '../route.ts'
import { allowsHost, type StsPolicy } from './sts/policy.ts'
import type { TlsaFound } from './tlsa-lookup.ts'

/** What is known of one host, when it is decided which TLS it must have. */
export interface HostFacts {
  readonly host: MailHost
  readonly tlsa: TlsaFound
  /** Of the domain; absent when it has none that counts. */
  readonly sts?: StsPolicy
  /** Whether there is a policy, or a newer one, cannot be found out now. */
  readonly isStsUncertain: boolean
  /** Undefined: nothing is configured. */
  readonly floor: TlsFloor | 'dane' | undefined
  /** Where the mail goes, when that is a domain that was looked up. */
  readonly domain?: string
  /** REQUIRETLS: the host must show who it is. */
  readonly isRequired: boolean
}

/** A decision with its sentence. */
export interface Decision {
  readonly policy: HostPolicy
  readonly step: string
}

/**
 * DANE before MTA-STS before what is configured: what is found is never made weaker, and DANE that fails is not made good
 * by MTA-STS (RFC 8461 §2).
 */
export function decideHostTls(facts: HostFacts): Decision {
  const { host, tlsa, floor } = facts
  if (tlsa.kind === 'failed') {
    // RFC 7672 §2.1.2
    return avoid(host, { severity: 4, failure: 'dnssec-invalid', reason: withoutName(tlsa.step, host) })
  }
  if (tlsa.kind === 'found') return use(facts, daneDemand(facts, tlsa), 'as its TLSA records demand')
  if (floor === 'dane') {
    const failure = tlsa.kind === 'unusable' ? 'tlsa-invalid' : 'dane-required'
    const reason = `DANE is configured, and ${withoutName(tlsa.step, host)}`
    return avoid(host, { severity: 4, failure, reason })
  }
  return facts.sts?.mode === 'enforce' ? decideBySts(facts, facts.sts) : decideByFloor(facts)
}

function daneDemand(
  { host, domain }: HostFacts,
  { base, records }: Extract<TlsaFound, { kind: 'found' }>,
): TlsDemand {
  // RFC 7672 §3.2.2: all of them are names that the DNS vouches for
  const names = new Set([base, host.name, ...(domain === undefined ? [] : [domain])])
  return { kind: 'dane', records, names: [...names] }
}

// RFC 8461 §5
function decideBySts(facts: HostFacts, sts: StsPolicy): Decision {
  const { host } = facts
  if (!allowsHost(sts, host.name)) {
    const severity = facts.isRequired && !facts.isStsUncertain ? 5 : 4
    const reason = 'the MTA-STS policy does not name it'
    return avoid(host, { severity, failure: 'validation-failure', reason })
  }
  return use(facts, verified(host), 'as the MTA-STS policy demands')
}

function decideByFloor(facts: HostFacts): Decision {
  const { host, tlsa, floor, isRequired } = facts
  if (isRequired) return decideByRequirement(facts)
  if (floor === 'verify') return use(facts, verified(host), 'as is configured')
  // RFC 7672 §2.2: TLS must be there, whoever the host is
  if (tlsa.kind === 'unusable') {
    return use(facts, { kind: 'encrypt' }, 'since its TLSA records say that it has TLS')
  }
  if (floor === 'encrypt') return use(facts, { kind: 'encrypt' }, 'as is configured')
  return use(facts, { kind: 'opportunistic' }, 'since nothing more is demanded')
}

/**
 * The host's name must come from where nobody can forge it: from an MX that is validated or that an MTA-STS policy names, or
 * from the address itself; then it must be in its certificate.
 */
// RFC 8689 §4.2.1
function decideByRequirement(facts: HostFacts): Decision {
  const { host, domain, sts, isStsUncertain } = facts
  const isSure = host.isNameValidated ?? (host.isValidated || domain === undefined || host.name === domain)
  const isNamed = sts !== undefined && sts.mode !== 'none' && allowsHost(sts, host.name)
  if (isSure || isNamed) {
    return use(facts, verified(host), 'as the mail requires')
  }
  // Whoever hinders us from asking is not to make mail come back.
  const severity = isStsUncertain ? 4 : 5
  const reason = 'the mail requires TLS, and neither DNSSEC nor MTA-STS says that mail goes there'
  return avoid(host, { severity, failure: 'validation-failure', reason })
}

function verified({ name }: MailHost): TlsDemand {
  return { kind: 'verify', names: [name] }
}

const WORDS: Readonly<Record<TlsDemand['kind'], string>> = {
  none: 'no TLS',
  opportunistic: 'TLS where it is offered',
  encrypt: 'TLS',
  verify: 'TLS with a certificate that an authority vouches for',
  dane: 'TLS with a certificate that the DNS vouches for',
}

function use(facts: HostFacts, demand: TlsDemand, why: string): Decision {
  const tested = testedPolicy(facts, demand)
  const step = `${facts.host.name}: ${WORDS[demand.kind]}, ${why}`
  return { policy: { kind: 'use', demand, ...(tested && { tested: tested.policy }) }, step }
}

/** Only what would be decided otherwise. */
function testedPolicy(facts: HostFacts, { kind }: TlsDemand): Decision | undefined {
  if (facts.sts?.mode !== 'testing' || kind === 'dane' || kind === 'verify') return undefined
  const { sts, ...others } = facts
  return decideBySts(others, sts)
}

interface Objection {
  readonly severity: 4 | 5
  readonly failure: TlsFailure
  /** Without the host, which those name who tell of it. */
  readonly reason: string
}

function avoid({ name }: MailHost, { severity, failure, reason }: Objection): Decision {
  const detail = severity === 5 ? 'encryptedSessionNeeded' : 'cryptographicFailure'
  return {
    policy: { kind: 'avoid', status: enhancedStatus(severity, detail), reason, failure },
    step: `${name} is not used: ${reason}`,
  }
}

function withoutName(step: string, { name }: MailHost): string {
  return step.startsWith(`${name}: `) ? step.slice(name.length + 2) : step
}
