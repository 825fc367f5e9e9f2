import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { AnyDirectory } from '@cartero/directory'
import {
  SmtpServerMachine,
  serveSession,
  type SmtpServerLimits,
  type SmtpServerOptions,
} from '@cartero/smtp/server'
import type { Spool } from '@cartero/spool'
import type { Notices } from '@cartero/spool/notices'
import {
  AddressLimits,
  DEFAULT_RECEPTION_POLICY,
  farewellOf,
  type ReceptionPolicy,
  type SenderDomains,
  type Terminals,
} from '@cartero/spool/reception'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import { Listener, listenAll, type TlsServer } from '@cartero/wire/node'
import { createEvents } from './events.ts'
import { MxSession, type MxSessionOptions } from './inbound/session.ts'
import { Router } from './router.ts'
import { WaitingRoom } from './waiting-room.ts'

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

export interface MtaDependencies {
  readonly settings: MtaSettings
  readonly spool: Spool
  readonly directory: AnyDirectory
  readonly tls?: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
  /** Tells senders of expansions, and of mail that waits for a way out; without it nobody is told. */
  readonly notices?: Notices
  /** Nobody is at a terminal when it is absent. */
  readonly terminals?: Terminals
  /** Nothing is asked about the domains of senders when it is absent. */
  readonly senderDomains?: SenderDomains
}

/** The mail transfer agent: the MX port, and the router that decides where accepted mail goes. */
export function createMtaAgent(dependencies: MtaDependencies): Component {
  const { spool, directory, logger, metrics } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'mta' }), metrics)
  const { notices } = dependencies
  const router = new Router({ spool, directory, clock, events, notices })
  const waitingRoom = notices && new WaitingRoom({ spool, notices, clock, events })
  const session = sessionOptions(dependencies, clock, events)
  const listeners = dependencies.settings.listen.map((door) => mxListener(door, dependencies, session))
  const leaving = new AbortController()
  let routing: Promise<unknown> = Promise.resolve()
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
  }
  return {
    name: 'mta',
    start: async () => {
      await listenAll(listeners)
      routing = Promise.all([router.run(leaving.signal), waitingRoom?.run(leaving.signal)])
    },
    drain,
    stop: async () => {
      await drain(AbortSignal.abort())
      leaving.abort()
      await routing
    },
  }
}

/** What all sessions of all doors have in common. */
function sessionOptions(
  { settings, spool, directory, terminals, senderDomains }: MtaDependencies,
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
