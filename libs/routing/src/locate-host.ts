import { type DnsAnswer, DnsError, type Resolver } from '@cartero/dns'
import { normalAddress } from '@cartero/wire'
import { type AddressFamily, familyOf, interleaved } from './address-kind.ts'
import { listed } from './enumeration.ts'
import { isOwnName, type OwnDoors, standingOf } from './own-doors.ts'
import type { MailHost } from './ports.ts'

/** Addresses of one host that are tried: who has more has them for balance, and one that answers is enough. */
export const MAX_ADDRESSES_PER_HOST = 8

/** A host by its name or address, before anybody knows where it is. */
export interface Candidate extends Pick<MailHost, 'name' | 'port' | 'preference'> {
  /** The way to this name is validated: its MX, if that is where it comes from. */
  readonly isValidated: boolean
  /** The operator names it: our name and loopback are no reasons against it, only our own doors are. */
  readonly isConfigured?: boolean
}

/** What is at a name. */
export type Located =
  | { readonly kind: 'found'; readonly host: MailHost; readonly step: string }
  | { readonly kind: 'ours'; readonly step: string }
  /** `noName`, `noAddress`: the DNS says so. `unusable`: nothing that mail could go to. */
  | { readonly kind: 'noName' | 'noAddress' | 'unusable'; readonly step: string }
  /** It may be otherwise later: the DNS does not answer, or we have no address of its family. */
  | { readonly kind: 'unknown' | 'otherFamily'; readonly step: string }

export interface Surroundings {
  readonly resolver: Resolver
  readonly doors: OwnDoors
  /** Of our own addresses: hosts are called over these. */
  readonly families: readonly AddressFamily[]
}

/** Looks a host up. Rejects when the signal aborts. */
export async function locateHost(
  candidate: Candidate,
  on: Surroundings,
  signal: AbortSignal,
): Promise<Located> {
  const { name } = candidate
  if (candidate.isConfigured !== true && isOwnName(on.doors, name)) {
    return { kind: 'ours', step: `${name} is this system` }
  }
  const literal = normalAddress(name)
  if (literal !== undefined) return judged(candidate, on, { addresses: [literal], isValidated: false })
  const answers = await Promise.all([
    settled(on.resolver.ask(name, 'A', signal)),
    settled(on.resolver.ask(name, 'AAAA', signal)),
  ])
  const known = answers.flatMap((answer) => (answer instanceof DnsError ? [] : [answer]))
  const addresses = known.flatMap(({ records }) => records)
  if (addresses.length === 0) return nothing(name, answers)
  const isValidated = candidate.isValidated && known.every((answer) => answer.isValidated)
  const canonicalName = known.find(({ records }) => records.length > 0)!.name
  return judged(candidate, on, {
    addresses,
    isValidated,
    ...(canonicalName !== name && { canonicalName }),
  })
}

interface Found {
  readonly addresses: readonly string[]
  readonly isValidated: boolean
  readonly canonicalName?: string
}

function judged(candidate: Candidate, { doors, families }: Surroundings, found: Found): Located {
  const { name, port, preference } = candidate
  const { isValidated, canonicalName } = found
  const normal = found.addresses.map((address) => normalAddress(address)).filter((one) => one !== undefined)
  const allowsLoopback = candidate.isConfigured === true || doors.allowsLoopback === true
  const standings = normal.map((address) => standingOf({ ...doors, allowsLoopback }, address, port))
  const own = standings.indexOf('ours')
  if (own !== -1)
    return { kind: 'ours', step: `${saying(name, canonicalName)} is this system, at ${normal[own]}` }
  const ordinary = normal.filter((_, i) => standings[i] === 'ordinary')
  if (ordinary.length === 0) {
    return { kind: 'unusable', step: `${name} is at ${listed(found.addresses)}, where no host can be` }
  }
  const reachable = interleaved(ordinary.filter((address) => families.includes(familyOf(address))))
  if (reachable.length === 0) {
    return {
      kind: 'otherFamily',
      step: `${name} is at ${listed(ordinary)}, and this system has no address of that family`,
    }
  }
  const addresses = reachable.slice(0, MAX_ADDRESSES_PER_HOST)
  const rest = reachable.length - addresses.length
  return {
    kind: 'found',
    host: {
      name,
      port,
      preference,
      addresses,
      isValidated,
      isNameValidated: candidate.isValidated,
      ...(canonicalName && { canonicalName }),
    },
    step:
      whereabouts({ name, addresses, canonicalName }) +
      (rest > 0 ? ` and ${rest} more that are left out` : '') +
      (isValidated ? ', validated by DNSSEC' : ''),
  }
}

function nothing(name: string, answers: readonly (DnsAnswer<'A' | 'AAAA'> | DnsError)[]): Located {
  const failed = answers.find((answer) => answer instanceof DnsError)
  if (failed !== undefined) {
    return { kind: 'unknown', step: `the DNS does not say now where ${name} is: ${failed.message}` }
  }
  const isNone = answers.some((answer) => (answer as DnsAnswer<'A'>).kind === 'noName')
  if (isNone) return { kind: 'noName', step: `there is no ${name} in the DNS` }
  return { kind: 'noAddress', step: `${name} has no address` }
}

/** What the DNS cannot tell now is an answer, too; everything else is not about the DNS. */
export async function settled<T>(answer: Promise<T>): Promise<T | DnsError> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof DnsError) return error
    throw error
  }
}

function saying(name: string, canonicalName: string | undefined): string {
  return canonicalName === undefined ? name : `${name}, an alias of ${canonicalName},`
}

function whereabouts({
  name,
  addresses,
  canonicalName,
}: Pick<MailHost, 'name' | 'addresses'> & { readonly canonicalName: string | undefined }): string {
  if (addresses[0] === name) return `${name} is an address, so that nothing is looked up`
  return `${saying(name, canonicalName)} is at ${listed(addresses)}`
}
