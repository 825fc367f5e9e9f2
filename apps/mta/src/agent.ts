import { randomBytes } from 'node:crypto'
import type { Component } from '@cartero/agent/lifecycle'
import type { Instruments, Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { AnyDirectory } from '@cartero/directory'
import { RouteTable, type Way } from '@cartero/routing'
import {
  SmtpServerMachine,
  serveSession,
  type SmtpEvent,
  type SmtpServerLimits,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import type { Spool } from '@cartero/spool'
import type { CollectionRoom, Turns } from '@cartero/spool/dispatch'
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
import { FETCHED_LIMITS, fetchedOptions } from './inbound/fetched.ts'
import { MxSession, type MxSessionOptions } from './inbound/session.ts'
import { RELAY_METRICS, TURN_METRICS } from './metrics.ts'
import { countQueue } from './queue-gauges.ts'
import { relayEvents } from './relay-events.ts'
import { createCourier, type CourierOptions } from './relay/courier/index.ts'
import type { WayLimits } from './relay/floor.ts'
import { Relay } from './relay/relay.ts'
import type { RelaySettings } from './relay/settings.ts'
import { Router, type Outbound } from './router.ts'
import { createCollection, type Collection } from './turns/collection.ts'
import type { TurnSettings } from './turns/settings.ts'

export { SenderDomainLookup, type SenderDomainOptions } from './inbound/sender-domains.ts'
export { SpoolStarter, type QueueStarterDependencies } from './queue-starter.ts'
export { RELAY_SETTINGS, type RelaySettings } from './relay/settings.ts'
export type { Outbound } from './router.ts'
export { TURN_SETTINGS, type TurnSettings } from './turns/settings.ts'

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
  /** Mail waits for customers who come for it, and needs `notices` for that. Without it, nobody can come for any. */
  readonly turns?: { readonly settings: TurnSettings }
}

/** The agent, and what others in the same process have of it. */
export interface MtaAgent extends Component {
  /** For those who speak with customers. Begins none without `turns` among the dependencies. */
  readonly turns: Turns
  /** For those who take mail in. There always is some without `turns`. */
  readonly room: CollectionRoom
  /**
   * Takes mail in over a connection that we made, and that was turned around: as from any host, but that nothing is asked of who it
   * is, and nothing allowed to him beyond mail for us. Whoever drives it ends it.
   */
  receive(connection: ConnectionFacts, wishes?: FetchWishes): Role
}

/** What whoever fetches mail wants of the conversation. */
export interface FetchWishes {
  /** Told what happens in it, beside the log. */
  readonly observer?: (event: SmtpEvent) => void
  /** What differs from the limits for providers. */
  readonly limits?: Partial<SmtpServerLimits>
}

/** The mail transfer agent: the MX port, and the router that decides where accepted mail goes. */
export function createMtaAgent(dependencies: MtaDependencies): MtaAgent {
  const { spool, directory, logger, metrics, notices, routes, outbound } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'mta' }), metrics)
  const router = new Router({ spool, directory, clock, events, notices, routes, outbound })
  const told = metrics.register(RELAY_METRICS)
  const relay = relayOf(dependencies, clock, told)
  const collection = collectionOf(dependencies, clock)
  const room = collection?.room ?? ALWAYS_ROOM
  const session = { ...sessionOptions(dependencies, clock, events), room }
  const listeners = dependencies.settings.listen.map((door) => mxListener(door, dependencies, session))
  const leaving = new AbortController()
  let routing: Promise<unknown> = Promise.resolve()
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all([
      ...listeners.map((listener) => listener.drain(signal)),
      relay?.drain(signal),
      collection?.drain(signal),
    ])
  }
  const failed = (error: unknown): void => logger.error('mta.queue.uncounted', { err: error })
  return {
    name: 'mta',
    turns: collection?.turns ?? NO_TURNS,
    room,
    receive: receiver(dependencies, session),
    start: async () => {
      await listenAll(listeners)
      const { signal } = leaving
      const counting = countQueue({ office: spool, gauges: told, clock, failed }, signal)
      routing = Promise.all([router.run(signal), relay?.run(signal), collection?.run(signal), counting])
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

const NO_TURNS: Turns = { begin: () => Promise.resolve({ kind: 'nothing' }) }
const ALWAYS_ROOM: CollectionRoom = { hasRoom: () => true }

/** What waits for customers, if anybody may come. */
function collectionOf(
  { turns, spool, directory, notices, settings: { hostname }, logger, metrics }: MtaDependencies,
  clock: Clock,
): Collection | undefined {
  if (turns === undefined) return undefined
  if (notices === undefined) throw new TypeError('turns need notices: senders must hear of what fails')
  return createCollection({
    spool,
    directory,
    notices,
    settings: turns.settings,
    hostname,
    clock,
    random: randomBytes,
    logger: logger.child({ agent: 'mta' }),
    metrics: metrics.register(TURN_METRICS),
  })
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
  { settings, spool, directory, terminals, senderDomains, queueStarter: starter }: MtaDependencies,
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

/** Who takes mail in that is fetched from providers. */
function receiver(
  { settings: { hostname, limits, listen } }: MtaDependencies,
  options: MxSessionOptions,
): MtaAgent['receive'] {
  const fetched = fetchedOptions(options)
  const { events } = options
  const [door] = listen
  return (connection, wishes = {}) => {
    const session = new MxSession(connection, fetched)
    const machine = new SmtpServerMachine(session, {
      hostname,
      ...(door?.bareNewlines && { bareNewlines: door.bareNewlines }),
      ...(connection.tls && { tls: connection.tls }),
      limits: { ...limits, ...FETCHED_LIMITS, ...wishes.limits },
      observer: (event) => {
        events.report(event, session)
        wishes.observer?.(event)
      },
    })
    return { machine, decide: serveSession(session) }
  }
}
