import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { AnyDirectory } from '@cartero/directory'
import {
  SmtpServerMachine,
  serveSession,
  type SmtpEvent,
  type SmtpServerLimits,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import type { Intake } from '@cartero/spool'
import type { CollectionRoom } from '@cartero/spool/dispatch'
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
import { createEvents } from '../events.ts'
import { FETCHED_LIMITS, fetchedOptions } from './fetched.ts'
import { MxSession, type MxSessionOptions } from './session.ts'

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

export interface MxDependencies {
  /** The agent that it is part of, in what is told; `mta` when absent. */
  readonly name?: string
  readonly settings: MtaSettings
  readonly intake: Intake
  readonly directory: AnyDirectory
  readonly tls?: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
  /** Nobody is at a terminal when it is absent. */
  readonly terminals?: Terminals
  /** Nothing is asked about the domains of senders when it is absent. */
  readonly senderDomains?: SenderDomains
  /** There is no ETRN when it is absent. */
  readonly queueStarter?: QueueStarter
  /** There is always room for mail that customers come for when it is absent. */
  readonly room?: CollectionRoom
}

/** The doors for other hosts, and what others in the same process have of them. */
export interface MxAgent extends Component {
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

/** The MX port, where mail comes in from other hosts. It needs no spool: an intake will do. */
export function createMxAgent(dependencies: MxDependencies): MxAgent {
  const { name: agent = 'mta', settings, logger, metrics, clock = systemClock } = dependencies
  const session = sessionOptions(dependencies, clock, createEvents(logger.child({ agent }), metrics))
  const listeners = settings.listen.map((door) => mxListener(door, dependencies, session))
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
  }
  return {
    name: 'mx',
    receive: receiver(dependencies, session),
    start: () => listenAll(listeners),
    drain,
    stop: () => drain(AbortSignal.abort()),
  }
}

/** What all sessions of all doors have in common. */
function sessionOptions(
  { settings, intake, directory, terminals, senderDomains, queueStarter: starter, room }: MxDependencies,
  clock: Clock,
  events: MxSessionOptions['events'],
): MxSessionOptions {
  const policy = { ...DEFAULT_RECEPTION_POLICY, ...settings.policy }
  return {
    intake,
    directory,
    hostname: settings.hostname,
    clock,
    events,
    policy,
    addressLimits: new AddressLimits(policy.rates, clock),
    room: room ?? ALWAYS_ROOM,
    ...(terminals && { terminals }),
    ...(senderDomains && { senderDomains }),
    ...(starter && { etrn: new EtrnDesk({ policy: policy.etrn, starter, directory, clock, events }) }),
  }
}

function mxListener(
  { host, port, ...strictness }: MxListener,
  { settings, tls }: MxDependencies,
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
  { settings: { hostname, limits, listen } }: MxDependencies,
  options: MxSessionOptions,
): MxAgent['receive'] {
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

const ALWAYS_ROOM: CollectionRoom = { hasRoom: () => true }
