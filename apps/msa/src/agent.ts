import { randomBytes } from 'node:crypto'
import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { AnyDirectory } from '@cartero/directory'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import { SmtpServerMachine, serveSession, type SmtpEvent, type SmtpServerLimits } from '@cartero/smtp/server'
import type { Intake } from '@cartero/spool'
import { stageOf } from '@cartero/spool/reception'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import { isLoopback, Listener, listenAll, type TlsServer } from '@cartero/wire/node'
import { createEvents, type Events } from './events.ts'
import { RateLimit, type Rate } from './rate-limit.ts'
import { SubmissionSession } from './session.ts'

export interface SubmissionListener {
  readonly host: string
  readonly port: number
  /** TLS at once (465) instead of STARTTLS (587). RFC 8314 §3.3 */
  readonly implicitTls: boolean
}

export interface MsaSettings {
  readonly hostname: string
  readonly listen: readonly SubmissionListener[]
  /** Recipients an account may write to. */
  readonly rate: Rate
  readonly allowPlaintextAuth: boolean
  readonly limits?: Partial<SmtpServerLimits>
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
}

export interface MsaDependencies {
  readonly settings: MsaSettings
  readonly intake: Intake
  readonly directory: AnyDirectory
  readonly doorkeeper: Doorkeeper
  readonly tls: TlsServer
  readonly logger: Logger
  readonly metrics: MetricRegistry
  readonly clock?: Clock
}

/** The message submission agent: our users' mail, on 587 and 465. */
export function createMsaAgent(dependencies: MsaDependencies): Component {
  const { settings, logger, metrics } = dependencies
  const clock = dependencies.clock ?? systemClock
  const events = createEvents(logger.child({ agent: 'msa' }), metrics)
  const rate = new RateLimit(settings.rate, clock)
  const listeners = settings.listen.map((listen) =>
    submissionListener(listen, dependencies, { clock, events, rate }),
  )
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
  }
  return {
    name: 'msa',
    start: () => listenAll(listeners),
    drain,
    stop: () => drain(AbortSignal.abort()),
  }
}

interface Shared {
  readonly clock: Clock
  readonly events: Events
  readonly rate: RateLimit
}

function submissionListener(
  listen: SubmissionListener,
  dependencies: MsaDependencies,
  shared: Shared,
): Listener {
  const { maxConnections, maxConnectionsPerAddress } = dependencies.settings
  return new Listener({
    host: listen.host,
    port: listen.port,
    implicitTls: listen.implicitTls,
    tls: dependencies.tls,
    clock: shared.clock,
    accept: (connection) => conversation(connection, listen, dependencies, shared),
    maxConnections,
    maxConnectionsPerAddress,
    refused: (remoteAddress, reason) => shared.events.turnedAway(remoteAddress, reason),
  })
}

function conversation(
  connection: ConnectionFacts,
  listen: SubmissionListener,
  { settings, intake, directory, doorkeeper }: MsaDependencies,
  shared: Shared,
): Role {
  const { hostname, limits } = settings
  // RFC 8314 §3.3: where nobody else can be on the wire
  const allowPlaintextAuth = settings.allowPlaintextAuth && isLoopback(connection.remoteAddress)
  const { events } = shared
  events.connected()
  const session = new SubmissionSession(connection, {
    ...shared,
    intake,
    directory,
    doorkeeper,
    hostname,
    allowPlaintextAuth,
    random: randomBytes,
  })
  const machine = new SmtpServerMachine(session, {
    hostname,
    startTls: !listen.implicitTls,
    requireAuth: true,
    requireTls: !allowPlaintextAuth,
    allowPlaintextAuth,
    ...(connection.tls && { tls: connection.tls }),
    ...(limits && { limits }),
    observer: (event) => report(event, connection, session, events),
  })
  return { machine, decide: serveSession(session) }
}

function report(
  event: SmtpEvent,
  connection: ConnectionFacts,
  session: SubmissionSession,
  events: Events,
): void {
  switch (event.kind) {
    case 'refused':
      return events.refused(stageOf(event.verb), connection, session.subject, event.reason)
    case 'bug':
      return events.bug(connection, event.error)
    case 'authenticated':
      return events.authenticated(connection, event.account, event.mechanism)
    case 'authenticationFailed':
      return events.authenticationFailed(connection, event.mechanism, event.reason, event.login)
    case 'message':
    case 'closed':
      return
  }
}
