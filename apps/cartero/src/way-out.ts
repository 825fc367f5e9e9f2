import { networkInterfaces } from 'node:os'

import { StubResolver } from '@cartero/dns/stub'
import {
  machineAddresses,
  MailHostFinder,
  type AddressFamily,
  type HostFinder,
  type OwnDoors,
  type RouteTable,
  type TlsPolicies,
} from '@cartero/routing'
import { openSqliteStsCache } from '@cartero/routing/sts-cache'
import { DestinationTlsPolicies, StsPolicies, TlsResults } from '@cartero/routing/tls-policy'
import { normalAddress, systemClock } from '@cartero/wire'

import type { CarteroConfig } from './config.ts'
import type { DataFolder } from './data-folder.ts'
import { Opened } from './opened.ts'
import { routeTable, tlsFloor } from './relay-settings.ts'
import { inWords, type OpenStores } from './stores.ts'
import { readAuthorities } from './tls-identity.ts'

/** What mail needs to find its way to other hosts. */
export interface OpenWayOut {
  readonly resolver: StubResolver
  readonly routes: RouteTable
  readonly hosts: HostFinder
  readonly policies: TlsPolicies
  readonly tlsResults: TlsResults
  /** Who is believed about other hosts, in PEM; whom Node believes when absent. */
  readonly authorities?: string
}

export interface WayOutOptions {
  readonly config: CarteroConfig
  readonly data: DataFolder
  readonly stores: { readonly open: Pick<OpenStores, 'sql'> }
}

/** Where mail for elsewhere goes, from the configuration, the DNS and what other domains publish. */
export class WayOut extends Opened<OpenWayOut> {
  readonly #options: WayOutOptions

  constructor(options: WayOutOptions) {
    super('way out')
    this.#options = options
  }

  protected async openAll(closing: AsyncDisposableStack): Promise<OpenWayOut> {
    const { config } = this.#options
    const { dns, relay } = config
    const { authorities: file } = relay.tls
    const authorities = file === undefined ? undefined : readAuthorities(file, 'relay.tls.authorities')
    const routes = routeTable(config)
    const { servers, trustAd } = dns
    const resolver = closing.use(
      new StubResolver({
        ...(servers.length > 0 && { servers }),
        trustAd,
        limits: { tryMs: dns.patience, rounds: dns.rounds, cached: dns.cached },
      }),
    )
    const doors = ownDoors(config)
    const families = ownFamilies(relay.loopback)
    const believed = { ...(authorities !== undefined && { authorities }) }
    return {
      resolver,
      routes,
      hosts: new MailHostFinder({ resolver, routes, doors, port: relay.port, families }),
      policies: await openPolicies(this.#options, { resolver, routes, ...believed }, closing),
      tlsResults: new TlsResults(systemClock),
      ...believed,
    }
  }
}

async function openPolicies(
  { config, data, stores }: WayOutOptions,
  { resolver, routes, authorities }: Pick<OpenWayOut, 'resolver' | 'routes' | 'authorities'>,
  closing: AsyncDisposableStack,
): Promise<TlsPolicies> {
  const { mtaSts, dane } = config.relay.tls
  const floorOf = tlsFloor(routes, config)
  const clock = systemClock
  if (!mtaSts) return withDane(dane, new DestinationTlsPolicies({ resolver, floorOf }))
  const cache = closing.adopt(
    await inWords(openSqliteStsCache({ worker: stores.open.sql, file: data.tlsPolicies })),
    (opened) => opened.close(),
  )
  const sts = closing.adopt(
    new StsPolicies({ resolver, clock, cache, ...(authorities !== undefined && { authorities }) }),
    (asking) => asking.close(),
  )
  return withDane(dane, new DestinationTlsPolicies({ resolver, floorOf, sts }))
}

/** Without DANE no answer of the DNS is taken for validated, and so no TLSA record for true. */
function withDane(isOn: boolean, policies: TlsPolicies): TlsPolicies {
  if (isOn) return policies
  return {
    of: (way, hosts, wish, signal) =>
      policies.of(
        way,
        hosts.map((host) => ({ ...host, isValidated: false })),
        wish,
        signal,
      ),
  }
}

/** By what we know ourselves among other hosts. */
function ownDoors({ hostname, listen, relay }: CarteroConfig): OwnDoors {
  const doors = [...listen.mx, ...listen.submission, ...listen.submissions, ...listen.lmtp]
  const isElsewhere = doors.every(({ host }) => normalAddress(host) !== undefined && !UNSPECIFIED.has(host))
  return {
    hostnames: [hostname],
    hasAddress: machineAddresses(systemClock),
    ports: doors.map(({ port }) => port),
    ...(isElsewhere && { loopback: doors.map(({ host }) => normalAddress(host)!) }),
    allowsLoopback: relay.loopback,
  }
}

/** Doors there are at every address, loopback included. */
const UNSPECIFIED = new Set(['0.0.0.0', '::'])

/** Those of which this machine has an address that others could answer; both when it has none at all now. */
function ownFamilies(isForTests: boolean): readonly AddressFamily[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const outside = addresses.filter(({ address, internal }) => !internal && !/^fe[89ab]/i.test(address))
  const found = ([4, 6] as const).filter((family) => outside.some((own) => own.family === `IPv${family}`))
  return isForTests || found.length === 0 ? [4, 6] : found
}
