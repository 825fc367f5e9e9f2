import type { ForwardPath } from '../path.ts'
import type { Offer } from '../extensions.ts'

/** What a server takes in one session and in one transaction, as it says; Infinity where it says nothing. */
// RFC 9422 §4
export interface PeerLimits {
  /** MAIL commands of a session, successful or not. */
  readonly transactions: number
  /** RCPT commands of a transaction, successful or not. */
  readonly recipients: number
  /** Different domains among the recipients of a transaction. */
  readonly domains: number
}

/** Reads the LIMITS of an offer. Values that are none are passed over, as are limits that are unknown. */
// RFC 9422 §3
export function peerLimits(offer: Offer): PeerLimits {
  const words = offer.get('LIMITS')?.toUpperCase().split(/ +/) ?? []
  const limit = (name: string): number => {
    const value = words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
    return value !== undefined && /^[1-9]\d{0,5}$/.test(value) ? Number(value) : Infinity
  }
  return {
    transactions: limit('MAILMAX'),
    recipients: limit('RCPTMAX'),
    domains: limit('RCPTDOMAINMAX'),
  }
}

/**
 * Distributes recipients over as many transactions as the limits make necessary, domain by domain.
 * @param chosen places in `paths`
 */
// RFC 9422 §4.2, RFC 9422 §4.3
export function split(
  chosen: readonly number[],
  paths: readonly ForwardPath[],
  { recipients, domains }: PeerLimits,
): readonly (readonly number[])[] {
  if (chosen.length <= recipients && domains === Infinity) return chosen.length === 0 ? [] : [chosen]
  const parts: number[][] = []
  let part: number[] = []
  let inPart = 0
  for (const group of byDomain(chosen, paths)) {
    if (part.length > 0 && inPart === domains) part = []
    for (const [i, each] of group.entries()) {
      if (part.length === recipients) part = []
      if (part.length === 0) {
        parts.push(part)
        inPart = 0
      }
      if (i === 0 || part.length === 0) inPart++
      part.push(each)
    }
  }
  return parts
}

function byDomain(chosen: readonly number[], paths: readonly ForwardPath[]): Iterable<readonly number[]> {
  const groups = new Map<string, number[]>()
  for (const each of chosen) {
    const path = paths[each]!
    const domain = path === 'postmaster' ? '' : path.domain
    const group = groups.get(domain)
    if (group === undefined) groups.set(domain, [each])
    else group.push(each)
  }
  return groups.values()
}
