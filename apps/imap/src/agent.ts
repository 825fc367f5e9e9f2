import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { ContentStore } from '@cartero/content'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import type { ImapLimits } from '@cartero/imap'
import { farewell, serverRole } from '@cartero/imap/server'
import type { MailStore } from '@cartero/mailstore'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import {
  isUnobserved,
  Listener,
  listenAll,
  type ConnectionHandle,
  type Refusal,
  type TlsServer,
} from '@cartero/wire/node'
import { createEvents, type Events } from './events.ts'
import { CACHE_OCTETS, DEFAULT_SESSION_LIMITS } from './limits.ts'
import { MessageCache } from './message-cache.ts'
import { SessionCount } from './session-count.ts'
import { MailSession } from './session.ts'

export interface ImapListener {
  readonly host: string
  readonly port: number
  /** TLS at once (993) instead of STARTTLS (143). RFC 8314 §3.2 */
  readonly implicitTls: boolean
}

export interface ImapSettings {
  readonly hostname: string
  readonly listen: readonly ImapListener[]
  /** Passwords may cross without TLS: for loopback, by choice. */
  readonly allowPlaintextAuth: boolean
  /** Sessions of one account at a time. */
  readonly sessionsPerAccount?: number
  /** Octets of messages that are kept for the next reader, all accounts together. */
  readonly cacheOctets?: number
  /** Capabilities that are not announced: for a client that one of them breaks. */
  readonly hiddenCapabilities?: readonly string[]
  readonly limits?: Partial<ImapLimits>
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  /** Proxies before all doors, as networks: then nobody else is let in. */
  readonly proxyProtocol?: readonly string[]
}

export interface ImapDependencies {
  readonly settings: ImapSettings
  readonly mailStore: MailStore
  readonly content: ContentStore
  readonly doorkeeper: Doorkeeper
  readonly tls: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

/** The IMAP agent: our users' mailboxes, on 143 and 993. */
export function createImapAgent(dependencies: ImapDependencies): Component {
  const { settings, logger, metrics } = dependencies
  const events = createEvents(logger.child({ agent: 'imap' }), metrics)
  const limit = settings.sessionsPerAccount ?? DEFAULT_SESSION_LIMITS.sessionsPerAccount
  const shared: Shared = {
    events,
    sessions: new SessionCount(limit),
    cache: new MessageCache(settings.cacheOctets ?? CACHE_OCTETS),
    clock: dependencies.clock ?? systemClock,
  }
  const listeners = settings.listen.map((listen) => imapListener(listen, dependencies, shared))
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
  }
  return {
    name: 'imap',
    start: () => listenAll(listeners),
    drain,
    stop: () => drain(AbortSignal.abort()),
  }
}

interface Shared {
  readonly events: Events
  readonly sessions: SessionCount
  readonly cache: MessageCache
  readonly clock: Clock
}

const FAREWELLS: Readonly<Record<Refusal['kind'], Buffer>> = {
  crowded: farewell('Too many connections', 'UNAVAILABLE'),
  turnedAway: farewell('Too many failed logins'),
  noHeader: farewell('Not available', 'UNAVAILABLE'),
}

function imapListener(listen: ImapListener, dependencies: ImapDependencies, shared: Shared): Listener {
  const { maxConnections, maxConnectionsPerAddress, proxyProtocol = [] } = dependencies.settings
  return new Listener({
    host: listen.host,
    port: listen.port,
    implicitTls: listen.implicitTls,
    tls: dependencies.tls,
    clock: shared.clock,
    accept: (connection, handle) => imapRole(connection, handle, dependencies, shared),
    maxConnections,
    maxConnectionsPerAddress,
    ...(proxyProtocol.length > 0 && { proxyProtocol: { trusted: proxyProtocol } }),
    turnAway: (address) => (dependencies.doorkeeper.admits(address) ? undefined : 'banned for guessing'),
    farewell: ({ kind }) => FAREWELLS[kind],
    refused: (remoteAddress, reason) => shared.events.turnedAway(remoteAddress, reason),
  })
}

function imapRole(
  connection: ConnectionFacts,
  handle: ConnectionHandle,
  { settings, mailStore, content, doorkeeper }: ImapDependencies,
  shared: Shared,
): Role {
  const { events } = shared
  events.connected(connection)
  const wake = (): void => handle.wake()
  const session = new MailSession({ ...shared, connection, mailStore, content, doorkeeper, wake })
  return serverRole(session, {
    greeting: `${settings.hostname} Cartero`,
    tls: connection.tls !== undefined,
    startTls: connection.tls === undefined,
    // RFC 8314 §3.2: where nobody else can be on the wire
    plaintextLogin: settings.allowPlaintextAuth && isUnobserved(connection),
    hidden: new Set(settings.hiddenCapabilities),
    failed: (error, command) => events.bug(connection, error, command),
    ...(settings.limits && { limits: settings.limits }),
  })
}
