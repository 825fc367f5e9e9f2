import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { AnyDirectory } from '@cartero/directory'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import type { ClientPatience } from '@cartero/smtp/client'
import { serveSession, SmtpServerMachine, type SmtpServerLimits } from '@cartero/smtp/server'
import type { Turns } from '@cartero/spool/dispatch'
import { farewellOf } from '@cartero/spool/reception'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import { Listener, listenAll, type ConnectionHandle, type TlsServer } from '@cartero/wire/node'
import { createEvents } from './events.ts'
import { DOOR_LIMITS, ODMR_LIMITS } from './limits.ts'
import { OdmrSession, type OdmrOptions } from './session.ts'

export { ODMR_LIMITS } from './limits.ts'

/** A door for customers. */
export interface OdmrListener {
  readonly host: string
  readonly port: number
  /** TLS at once instead of STARTTLS. */
  readonly implicitTls: boolean
  /** Under TLS each line of a reply has a record of its own, for clients that read no more than one at a time (fetchmail). */
  readonly lineRecords?: boolean
}

export interface OdmrSettings {
  readonly hostname: string
  readonly listen: readonly OdmrListener[]
  /** TURN (RFC 821 §3.8) is answered, after a login and under TLS. */
  readonly isTurnAllowed: boolean
  /** CRAM-MD5 is offered without TLS, to accounts that may use it so: for old customers that cannot do anything else. */
  readonly allowClearCramMd5: boolean
  /** Milliseconds that a turn may last in all; what is left then waits for the next. */
  readonly turnDuration: number
  /** Before the connection is turned around. What differs from the defaults. */
  readonly limits?: Partial<SmtpServerLimits>
  /** With customers as servers. What differs from the defaults. */
  readonly patience?: Partial<ClientPatience>
  /** Of each door; `ODMR_LIMITS` when absent. */
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  /** Proxies that say who connects by the PROXY protocol, in CIDR notation; none: everybody connects directly. */
  readonly proxyProtocol?: readonly string[]
}

export interface OdmrDependencies {
  readonly settings: OdmrSettings
  readonly turns: Turns
  readonly directory: Pick<AnyDirectory, 'CollectedDomains'>
  readonly doorkeeper: Doorkeeper
  /** The octets of what is turned over. */
  readonly content: Pick<ContentStore, 'read' | 'get'>
  readonly tls: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

/** The provider's side of on-demand mail relay: customers log in and take their mail over the same connection. */
// RFC 2645
export function createOdmrAgent(dependencies: OdmrDependencies): Component {
  const leaving = new AbortController()
  const turns = new Set<Promise<void>>()
  const shared = sessionOptions(dependencies, leaving.signal, turns)
  const listeners = dependencies.settings.listen.map((door) => odmrListener(door, dependencies, shared))
  const drain = async (signal: AbortSignal): Promise<void> => {
    leaving.abort()
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
    await ended(turns, shared.clock)
  }
  return {
    name: 'odmr',
    start: () => listenAll(listeners),
    drain,
    stop: () => drain(AbortSignal.abort()),
  }
}

/** What all sessions of all doors have in common. */
function sessionOptions(
  { settings, turns, directory, doorkeeper, content, ...dependencies }: OdmrDependencies,
  leaving: AbortSignal,
  open: Set<Promise<void>>,
): OdmrOptions {
  const { hostname, isTurnAllowed, allowClearCramMd5, turnDuration, patience } = settings
  return {
    hostname,
    turns,
    directory,
    doorkeeper,
    content,
    clock: dependencies.clock ?? systemClock,
    events: createEvents(dependencies.logger.child({ agent: 'odmr' }), dependencies.metrics),
    isTurnAllowed,
    allowClearCramMd5,
    turnDuration,
    ...(patience && { patience }),
    leaving,
    turned: (over) => {
      open.add(over)
      void over.finally(() => open.delete(over))
    },
  }
}

/** The connections are over; what was told of mail is still being noted. */
async function ended(turns: ReadonlySet<Promise<void>>, clock: Clock): Promise<void> {
  const limit = Promise.withResolvers<void>()
  const cancel = clock.after(ODMR_LIMITS.parting, limit.resolve)
  await Promise.race([Promise.all(turns), limit.promise])
  cancel()
}

function odmrListener(
  door: OdmrListener,
  { settings, doorkeeper, tls }: OdmrDependencies,
  shared: OdmrOptions,
): Listener {
  const { connections, connectionsPerAddress } = ODMR_LIMITS
  const { maxConnections, maxConnectionsPerAddress, proxyProtocol = [] } = settings
  return new Listener({
    ...door,
    tls,
    clock: shared.clock,
    accept: (connection, handle) => conversation(connection, handle, settings, shared),
    maxConnections: maxConnections ?? connections,
    maxConnectionsPerAddress: maxConnectionsPerAddress ?? connectionsPerAddress,
    ...(proxyProtocol.length > 0 && { proxyProtocol: { trusted: proxyProtocol } }),
    turnAway: (address) => (doorkeeper.admits(address) ? undefined : 'banned for guessing'),
    farewell: (refusal) => farewellOf(refusal, settings.hostname),
    refused: (remoteAddress, reason) => shared.events.turnedAway(remoteAddress, reason),
  })
}

function conversation(
  connection: ConnectionFacts,
  handle: ConnectionHandle,
  { hostname, limits, allowClearCramMd5 }: OdmrSettings,
  shared: OdmrOptions,
): Role {
  const { events } = shared
  events.connected()
  const session = new OdmrSession(connection, shared, () => handle.wake())
  const machine = new SmtpServerMachine(session, {
    hostname,
    protocol: 'odmr',
    startTls: connection.tls === undefined,
    requireAuth: true,
    requireTls: !allowClearCramMd5,
    // Of mechanisms the session offers CRAM-MD5 alone then.
    allowPlaintextAuth: allowClearCramMd5,
    ...(connection.tls && { tls: connection.tls }),
    limits: { ...DOOR_LIMITS, ...limits },
    observer: (event) => events.report(event, session),
  })
  return { machine, decide: serveSession(session) }
}
