import type { MxRecord } from '@cartero/dns'
import { parseDomain } from '@cartero/syntax'
import { listed } from './enumeration.ts'
import { isOwnName, type OwnDoors } from './own-doors.ts'

/** Hosts of one destination that are looked up and tried; the others are of lower preference, or equal. */
export const MAX_HOSTS = 16

/** A number from 0 up to 1, as Math.random gives it. */
export type Random = () => number

/** What the MX records of a domain say. */
export type Exchangers =
  /** In the order in which they are to be tried, names in lower case. */
  | { readonly kind: 'hosts'; readonly records: readonly MxRecord[]; readonly steps: readonly string[] }
  /** RFC 7505 §3 */
  | { readonly kind: 'nullMx'; readonly steps: readonly string[] }
  /** There are records, and none of them names a host. */
  | { readonly kind: 'none'; readonly steps: readonly string[] }

/** Reads MX records: what names no host is left out, equals are put into an order of their own. */
// RFC 5321 §5.1
export function readExchangers(
  domain: string,
  all: readonly MxRecord[],
  { random, doors }: { readonly random: Random; readonly doors: OwnDoors },
): Exchangers {
  const named = all.filter(({ exchange }) => exchange !== '')
  if (named.length === 0) return { kind: 'nullMx', steps: [`${domain} has a null MX: it takes no mail`] }
  const steps: string[] = []
  // RFC 7505 §3: it must stand alone, so that beside others it means nothing
  if (named.length < all.length) steps.push(`${domain} has a null MX beside others, which is ignored`)
  const hosts = named.map(({ preference, exchange }) => ({ preference, exchange: exchange.toLowerCase() }))
  for (const { exchange } of hosts.filter(({ exchange }) => !isHostName(exchange)))
    steps.push(`the MX ${JSON.stringify(exchange)} of ${domain} is ignored: it is not the name of a host`)
  const usable = inOrder(unique(hosts.filter(({ exchange }) => isHostName(exchange))), random)
  if (usable.length === 0) return { kind: 'none', steps }
  steps.push(`mail for ${domain} goes to ${listed(usable.map(spelled))}`)
  const records = upToUs(usable, doors).slice(0, MAX_HOSTS)
  const rest = usable.length - records.length
  if (records.length === MAX_HOSTS && rest > 0)
    steps.push(`the first ${MAX_HOSTS} of them are looked up, and ${rest} left out`)
  return { kind: 'hosts', records, steps }
}

/** By preference; those of equal preference in an order of their own each time, so that they share the load. */
// RFC 5321 §5.1
export function inOrder<T extends { readonly preference: number }>(
  hosts: readonly T[],
  random: Random,
): readonly T[] {
  return hosts
    .map((host) => ({ host, lot: random() }))
    .toSorted((a, b) => a.host.preference - b.host.preference || a.lot - b.lot)
    .map(({ host }) => host)
}

/** A name that is there twice is one host, at its better preference. */
function unique(hosts: readonly MxRecord[]): readonly MxRecord[] {
  const best = new Map<string, MxRecord>()
  for (const host of hosts) {
    const known = best.get(host.exchange)
    if (known === undefined || host.preference < known.preference) best.set(host.exchange, host)
  }
  return [...best.values()]
}

/** What our own name is enough to leave out need not be looked up; we ourselves stay, to be seen. */
function upToUs(hosts: readonly MxRecord[], doors: OwnDoors): readonly MxRecord[] {
  const us = hosts.find(({ exchange }) => isOwnName(doors, exchange))
  if (us === undefined) return hosts
  return hosts.filter((host) => host === us || host.preference < us.preference)
}

/** An underscore is in no host's name by the standard, and in many in the world; the DNS has nothing against it. */
// RFC 1123 §2.1
function isHostName(name: string): boolean {
  return parseDomain(name.replaceAll('_', 'x')) !== undefined
}

function spelled({ exchange, preference }: MxRecord): string {
  return `${exchange} (${preference})`
}
