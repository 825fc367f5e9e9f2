import { type DnsAnswer, DnsError, type Resolver } from '@cartero/dns'
import { enhancedStatus, parseAddressLiteral, parseDomain, type StatusDetail } from '@cartero/syntax'
import type { AddressFamily } from './address-kind.ts'
import { findConfigured } from './configured-hosts.ts'
import { type Candidate, locateHost, settled } from './locate-host.ts'
import { type Random, readExchangers } from './mail-exchangers.ts'
import type { OwnDoors } from './own-doors.ts'
import type { HostFinder, HostsFound, Way } from './ports.ts'
import type { RouteTable } from './route-table.ts'
import { type Survey, survey } from './survey.ts'

export interface MailHostFinderOptions {
  readonly resolver: Resolver
  readonly doors: OwnDoors
  /** Without it there are no ways but those of the DNS. */
  readonly routes?: Pick<RouteTable, 'route'>
  /** The port of other hosts; 25 without it. */
  readonly port?: number
  /** Families of our own addresses; both without it. */
  readonly families?: readonly AddressFamily[]
  /** Math.random without it. */
  readonly random?: Random
}

type Surroundings = Required<Omit<MailHostFinderOptions, 'routes' | 'port'>>

/**
 * Finds the hosts of a destination as RFC 5321 §5 wants it: those of its MX records, or itself when there is none, and never
 * ourselves.
 */
export class MailHostFinder implements HostFinder {
  readonly #on: Surroundings
  readonly #routes: Pick<RouteTable, 'route'> | undefined
  readonly #port: number

  constructor({ routes, port = 25, ...options }: MailHostFinderOptions) {
    this.#on = { families: [4, 6], random: Math.random, ...options }
    this.#routes = routes
    this.#port = port
  }

  async find(way: Way, signal: AbortSignal): Promise<HostsFound> {
    signal.throwIfAborted()
    const search = (port: number): Search => new Search(this.#on, port, signal)
    if (way.kind === 'remote') return search(this.#port).ofDomain(way.domain)
    return findConfigured(way.name, this.#routes?.route(way.name), {
      asHost: (name, port) => search(port).ofHost(name, name, 'configured'),
      asDomain: (name, port) => search(port).ofDomain(name),
      port: this.#port,
    })
  }
}

/** One question: what is found out on the way is told in its steps. */
class Search {
  readonly #on: Surroundings
  readonly #port: number
  readonly #signal: AbortSignal
  readonly #steps: string[] = []

  constructor(on: Surroundings, port: number, signal: AbortSignal) {
    this.#on = on
    this.#port = port
    this.#signal = signal
  }

  async ofDomain(text: string): Promise<HostsFound> {
    const literal = parseAddressLiteral(text)
    // RFC 5321 §4.1.3
    if (literal !== undefined && literal.kind !== 'general')
      return this.ofHost(literal.address, `[${literal.address}]`, 'literal')
    const domain = parseDomain(text)
    if (domain !== undefined) return this.#ofName(domain)
    return this.#none('mx', [5, 'badDestinationSyntax'], `'${text}' is not a domain that mail can be sent to`)
  }

  /** A host that is named, whatever the DNS says of mail for it. */
  async ofHost(name: string, text: string, by: 'literal' | 'configured'): Promise<HostsFound> {
    const isConfigured = by === 'configured'
    const host = { name, port: this.#port, preference: 0, isValidated: true, isConfigured }
    return this.#concluded(text, by, await this.#survey([host]))
  }

  async #ofName(domain: string): Promise<HostsFound> {
    const answer = await settled(this.#on.resolver.ask(domain, 'MX', this.#signal))
    if (answer instanceof DnsError) {
      const reason = `the DNS does not say now where mail for ${domain} goes: ${answer.message}`
      return this.#none('mx', [4, 'directoryFailure'], reason)
    }
    if (answer.name !== domain) this.#steps.push(`${domain} is an alias of ${answer.name}`)
    if (answer.kind === 'noName')
      return this.#none('mx', [5, 'badDestinationSystem'], `there is no domain ${domain}`)
    return answer.kind === 'found' ? this.#byExchangers(domain, answer) : this.#ofItself(domain)
  }

  // RFC 5321 §5.1
  async #byExchangers(domain: string, answer: DnsAnswer<'MX'>): Promise<HostsFound> {
    const exchangers = readExchangers(domain, answer.records, this.#on)
    this.#steps.push(...exchangers.steps)
    // RFC 7505 §4.2
    if (exchangers.kind === 'nullMx')
      return this.#none('mx', [5, 'nullMx'], `${domain} takes no mail (null MX)`)
    if (exchangers.kind === 'none')
      return this.#none('mx', [5, 'unableToRoute'], `no MX of ${domain} names a host`)
    const { isValidated } = answer
    const hosts = exchangers.records.map(({ exchange: name, preference }) => ({
      name,
      port: this.#port,
      preference,
      isValidated,
    }))
    return this.#concluded(domain, 'mx', await this.#survey(hosts))
  }

  /** Only when there is no MX at all: a domain with an MX that does not work has said where its mail goes. */
  // RFC 5321 §5.1
  async #ofItself(domain: string): Promise<HostsFound> {
    this.#steps.push(`${domain} has no MX, so that it is its own mail host`)
    // RFC 7672 §2.2.2: what is validated of it begins with its address
    const itself = { name: domain, port: this.#port, preference: 0, isValidated: true }
    return this.#concluded(domain, 'address', await this.#survey([itself]))
  }

  async #survey(hosts: readonly Candidate[]): Promise<Survey> {
    return survey(hosts, await Promise.all(hosts.map((host) => locateHost(host, this.#on, this.#signal))))
  }

  #concluded(domain: string, by: HostsFound['by'], { hosts, verdict, steps }: Survey): HostsFound {
    this.#steps.push(...steps)
    if (hosts.length > 0) return { kind: 'hosts', hosts, by, steps: this.#steps }
    const [status, reason] = VERDICTS[verdict]
    return this.#none(by, status, reason(domain))
  }

  #none(by: HostsFound['by'], [severity, detail]: Status, reason: string): HostsFound {
    const status = enhancedStatus(severity, detail)
    return { kind: 'none', status, reason, by, steps: [...this.#steps, reason] }
  }
}

type Status = readonly [severity: 4 | 5, detail: StatusDetail]

const noneUsable = (domain: string): string => `no mail host of ${domain} has an address that can be used`

/** Why there are no hosts. RFC 3463 §3.5 */
const VERDICTS: Readonly<Record<Survey['verdict'], readonly [Status, (domain: string) => string]>> = {
  unknown: [
    [4, 'directoryFailure'],
    (domain) => `the DNS does not say now where the mail hosts of ${domain} are`,
  ],
  otherFamily: [
    [4, 'unableToRoute'],
    (domain) => `no mail host of ${domain} has an address that we can call`,
  ],
  ours: [[5, 'loop'], (domain) => `mail for ${domain} comes back to this system, which does not take it`],
  unusable: [[5, 'unableToRoute'], noneUsable],
  noAddress: [[5, 'unableToRoute'], noneUsable],
  noName: [[5, 'unableToRoute'], noneUsable],
}
