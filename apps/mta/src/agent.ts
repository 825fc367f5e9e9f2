import type { Component } from '@cartero/agent/lifecycle'
import type { Instruments, Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { AnyDirectory } from '@cartero/directory'
import { RouteTable, type Way } from '@cartero/routing'
import {
  SmtpServerMachine,
  serveSession,
  type SmtpServerLimits,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import type { Spool } from '@cartero/spool'
import type { CollectionRoom } from '@cartero/spool/dispatch'
import type { Notices } from '@cartero/spool/notices'
import {
  AddressLimits,
  DEFAULT_RECEPTION_POLICY,
  EtrnDesk,
  farewellOf,
  type QueueStarter,
  type ReceptionPolicy,
  type SenderDomains,
  type Terminals,
} from '@cartero/spool/reception'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import { Listener, listenAll, type TlsServer } from '@cartero/wire/node'
import { createEvents } from './events.ts'
import { MxSession, type MxSessionOptions } from './inbound/session.ts'
import { RELAY_METRICS } from './metrics.ts'
import { countQueue } from './queue-gauges.ts'
import { relayEvents } from './relay-events.ts'
import { createCourier, type CourierOptions } from './relay/courier/index.ts'
import type { WayLimits } from './relay/floor.ts'
import { Relay } from './relay/relay.ts'
import type { RelaySettings } from './relay/settings.ts'
import { Router, type Outbound } from './router.ts'

export { SenderDomainLookup, type SenderDomainOptions } from './inbound/sender-domains.ts'
export { SpoolStarter, type QueueStarterDependencies } from './queue-starter.ts'
export { RELAY_SETTINGS, type RelaySettings } from './relay/settings.ts'
export type { Outbound } from './router.ts'

/** A door for other hosts, and how strict it is. */
export interface MxListener extends Pick<SmtpServerOptions, 'bareNewlines' | 'earlyTalkers'> {
  readonly host: string
  readonly port: number
}

export interface MtaSettings {
  readonly hostname: string
  readonly listen: readonly MxListener[]
  /** What differs from the defaults. */
  readonly policy?: Partial<ReceptionPolicy>
  readonly limits?: Partial<SmtpServerLimits>
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  /** Proxies that say who connects by the PROXY protocol, in CIDR notation; none: everybody connects directly. */
  readonly proxyProtocol?: readonly string[]
}

/** What mail needs to find its way to other hosts. */
export interface RelayParts extends Pick<
  CourierOptions,
  'hosts' | 'policies' | 'tlsResults' | 'authorities'
> {
  readonly content: ContentStore
  readonly settings: RelaySettings
}

export interface MtaDependencies {
  readonly settings: MtaSettings
  readonly spool: Spool
  readonly directory: AnyDirectory
  readonly tls?: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
  /** Tells senders of expansions, and of what became of mail for other hosts; without it nobody is told. */
  readonly notices?: Notices
  /** Which mail goes which way; without it, all to the hosts that the DNS names. */
  readonly routes?: RouteTable
  /** What becomes of mail for other hosts; `refuse` without it. */
  readonly outbound?: Outbound
  /** Carries mail to other hosts, and needs `notices` for that. Without it, such mail waits in the queue. */
  readonly relay?: RelayParts
  /** Nobody is at a terminal when it is absent. */
  readonly terminals?: Terminals
  /** Nothing is asked about the domains of senders when it is absent. */
  readonly senderDomains?: SenderDomains
  /** There is no ETRN when it is absent. */
  readonly queueStarter?: QueueStarter
  /** There is always room for mail that customers come for when it is absent. */
  readonly room?: CollectionRoom
}

/** The mail transfer agent: the MX port, and the router that decides where accepted mail goes. */
export function createMtaAgent(dependencies: MtaDependencies): Component {
  const { spool, directory, logger, metrics } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'mta' }), metrics)
  const { notices } = dependencies
  const { routes, outbound } = dependencies
  const router = new Router({ spool, directory, clock, events, notices, routes, outbound })
  const told = metrics.register(RELAY_METRICS)
  const relay = relayOf(dependencies, clock, told)
  const session = sessionOptions(dependencies, clock, events)
  const listeners = dependencies.settings.listen.map((door) => mxListener(door, dependencies, session))
  const leaving = new AbortController()
  let routing: Promise<unknown> = Promise.resolve()
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([...listeners.map((listener) => listener.drain(signal)), relay?.drain(signal)])
  }
  const failed = (error: unknown): void => logger.error('mta.queue.uncounted', { err: error })
  return {
    name: 'mta',
    start: async () => {
      await listenAll(listeners)
      const { signal } = leaving
      const counting = countQueue({ office: spool, gauges: told, clock, failed }, signal)
      routing = Promise.all([router.run(signal), relay?.run(signal), counting])
    },
    drain,
    stop: async () => {
      await drain(AbortSignal.abort())
      leaving.abort()
      await routing
    },
  }
}

/** Who carries mail to other hosts, if anybody does. */
function relayOf(
  { relay, spool, notices, routes = new RouteTable(), settings: { hostname }, logger }: MtaDependencies,
  clock: Clock,
  metrics: Instruments<typeof RELAY_METRICS>,
): Relay | undefined {
  if (relay === undefined) return undefined
  if (notices === undefined) throw new TypeError('a relay needs notices: senders must hear of what fails')
  const events = relayEvents(logger.child({ agent: 'mta' }), metrics)
  const made = new Relay({
    spool,
    queue: spool,
    notices,
    courier: createCourier({ ...relay, hostname, clock, routes, events }),
    settings: relay.settings,
    limitsOf: (way) => limitsOf(way, routes),
    owner: `mta ${hostname} ${process.pid}`,
    clock,
    random: Math.random,
    events,
  })
  metrics.connections.read({}, () => made.connections)
  metrics.lanes.read({}, () => made.lanes)
  metrics.starved.read({}, () => made.waiting)
  metrics.unsettled.read({}, () => made.unsettled)
  return made
}

/** What a route has of its own. */
function limitsOf(way: Way, routes: RouteTable): WayLimits {
  const route = way.kind === 'route' ? routes.route(way.name) : undefined
  return {
    ...(route?.connections !== undefined && { connectionsPerDestination: route.connections }),
    ...(route?.messagesPerMinute !== undefined && { messagesPerMinute: route.messagesPerMinute }),
  }
}

/** What all sessions of all doors have in common. */
function sessionOptions(
  { settings, spool, directory, terminals, senderDomains, queueStarter: starter, room }: MtaDependencies,
  clock: Clock,
  events: MxSessionOptions['events'],
): MxSessionOptions {
  const policy = { ...DEFAULT_RECEPTION_POLICY, ...settings.policy }
  return {
    intake: spool,
    directory,
    hostname: settings.hostname,
    clock,
    events,
    policy,
    addressLimits: new AddressLimits(policy.rates, clock),
    ...(terminals && { terminals }),
    ...(senderDomains && { senderDomains }),
    ...(starter && { etrn: new EtrnDesk({ policy: policy.etrn, starter, directory, clock, events }) }),
    ...(room && { room }),
  }
}

function mxListener(
  { host, port, ...strictness }: MxListener,
  { settings, tls }: MtaDependencies,
  options: MxSessionOptions,
): Listener {
  const { hostname, limits, maxConnections, maxConnectionsPerAddress, proxyProtocol = [] } = settings
  const { clock, events } = options
  const accept = (connection: ConnectionFacts): Role => {
    events.connected()
    const session = new MxSession(connection, options)
    const machine = new SmtpServerMachine(session, {
      hostname,
      ...strictness,
      startTls: tls !== undefined,
      ...(connection.tls && { tls: connection.tls }),
      ...(limits && { limits }),
      observer: (event) => events.report(event, session),
    })
    return { machine, decide: serveSession(session) }
  }
  return new Listener({
    host,
    port,
    clock,
    accept,
    tls,
    maxConnections,
    maxConnectionsPerAddress,
    ...(proxyProtocol.length > 0 && { proxyProtocol: { trusted: proxyProtocol } }),
    farewell: (refusal) => farewellOf(refusal, hostname),
    refused: (remoteAddress, reason) => events.turnedAway(remoteAddress, reason),
  })
}
