import { enhancedStatus, parseAddressLiteral, parseDomain } from '@cartero/syntax'
import { normalAddress } from '@cartero/wire'
import type { HostsFound, MailHost } from './ports.ts'
import type { Route, RouteHost } from './route.ts'

/** RFC 2033 §5 leaves the port open, and never 25; 24 is for "any private mail system" and what stores listen to. */
const LMTP_PORT = 24
// RFC 8314 §7.3
const SUBMISSIONS_PORT = 465

export interface ConfiguredSearch {
  /** A single host: its name, in normal form, or address. */
  readonly asHost: (name: string, port: number) => Promise<HostsFound>
  /** The mail hosts of a domain. */
  readonly asDomain: (name: string, port: number) => Promise<HostsFound>
  /** The port of other hosts. */
  readonly port: number
}

/**
 * Hosts of a configured route, in the order in which they are listed. What is wrong with them is the operator's to mend, so
 * that mail waits for it and is never given back because of it.
 */
export async function findConfigured(
  name: string,
  route: Route | undefined,
  search: ConfiguredSearch,
): Promise<HostsFound> {
  if (route === undefined) return misconfigured(`no route is called ${name} (any more)`, [])
  const found = await Promise.all(route.hosts.map((host) => findListed(host, route, search)))
  const steps = found.flatMap((one) => one.steps)
  const hosts = found.flatMap((one, at) => (one.kind === 'hosts' ? one.hosts.map(placed(at)) : []))
  if (hosts.length > 0) return { kind: 'hosts', hosts, by: 'configured', steps }
  const later = found.find((one) => one.kind === 'none' && one.status.startsWith('4.'))
  if (later?.kind === 'none') return { ...later, by: 'configured', steps }
  return misconfigured(`the route ${name} has no host that mail can be sent to`, steps)
}

function findListed(listed: RouteHost, route: Route, search: ConfiguredSearch): Promise<HostsFound> {
  const port = listed.port ?? defaultPort(route, search)
  if (listed.isDomain === true) return search.asDomain(listed.host, port)
  const name = hostNamed(listed.host)
  if (name !== undefined) return search.asHost(name, port)
  return Promise.resolve(misconfigured(`'${listed.host}' is neither a host's name nor an address`, []))
}

function hostNamed(text: string): string | undefined {
  const literal = parseAddressLiteral(text)
  if (literal !== undefined) return literal.kind === 'general' ? undefined : literal.address
  return normalAddress(text) ?? parseDomain(text)
}

function defaultPort({ protocol, isTlsImplicit }: Route, { port }: ConfiguredSearch): number {
  if (protocol === 'lmtp') return LMTP_PORT
  return isTlsImplicit === true ? SUBMISSIONS_PORT : port
}

/** Preferences of 16 bits: those of a listed domain stay below the next one listed. */
function placed(at: number): (host: MailHost) => MailHost {
  return (host) => ({ ...host, preference: at * 0x1_0000 + host.preference })
}

// RFC 3463 §3.4: X.3.5
function misconfigured(reason: string, before: readonly string[]): HostsFound {
  return {
    kind: 'none',
    status: enhancedStatus(4, 'misconfigured'),
    reason,
    by: 'configured',
    steps: [...before, reason],
  }
}
