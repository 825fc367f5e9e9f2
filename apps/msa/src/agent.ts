import { randomBytes } from 'node:crypto'
import type { Component } from '@cartero/agent/lifecycle'
import type { Logger, MetricRegistry } from '@cartero/agent/telemetry'
import type { AnyDirectory } from '@cartero/directory'
import type { Doorkeeper } from '@cartero/directory/doorkeeper'
import {
  SmtpServerMachine,
  serveSession,
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
  RateLimit,
  type QueueStarter,
  type Rate,
  type ReceptionPolicy,
  type SenderDomains,
  type Terminals,
} from '@cartero/spool/reception'
import { systemClock, type Clock, type ConnectionFacts, type Role } from '@cartero/wire'
import { isUnobserved, Listener, listenAll, type TlsServer } from '@cartero/wire/node'
import { createEvents } from './events.ts'
import { LocalSubmission } from './local/local-submission.ts'
import { headerEdit } from './policy/header-edit.ts'
import { DEFAULT_SUBMISSION_POLICY, type SubmissionPolicy } from './policy/submission-policy.ts'
import { SubmissionSession, type SubmissionOptions } from './session.ts'

export type { LocalLetter, LocalOutcome, LocalRefusal } from './local/letter.ts'
export type { LocalSubmission } from './local/local-submission.ts'

/** A door for our users, and how strict it is. */
export interface SubmissionListener extends Pick<SmtpServerOptions, 'bareNewlines' | 'earlyTalkers'> {
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
  /** What differs from the defaults. */
  readonly policy?: Partial<ReceptionPolicy>
  readonly submission?: Partial<SubmissionPolicy>
  readonly limits?: Partial<SmtpServerLimits>
  readonly maxConnections?: number
  readonly maxConnectionsPerAddress?: number
  /** Proxies that say who connects by the PROXY protocol, in CIDR notation; none: everybody connects directly. */
  readonly proxyProtocol?: readonly string[]
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
  /** Nobody is at a terminal when it is absent. */
  readonly terminals?: Terminals
  /** Nothing is asked about the domains of senders when it is absent. */
  readonly senderDomains?: SenderDomains
  /** There is no ETRN when it is absent. */
  readonly queueStarter?: QueueStarter
  /** There is always room for mail that customers come for when it is absent. */
  readonly room?: CollectionRoom
}

export interface MsaAgent extends Component {
  /** For programs on this machine; it needs no start. */
  readonly local: LocalSubmission
}

/** The message submission agent: our users' mail, on 587 and 465. */
export function createMsaAgent(dependencies: MsaDependencies): MsaAgent {
  const options = sessionOptions(dependencies)
  const listeners = dependencies.settings.listen.map((door) =>
    submissionListener(door, dependencies, options),
  )
  const drain = async (signal: AbortSignal): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.drain(signal)))
  }
  return {
    name: 'msa',
    start: () => listenAll(listeners),
    drain,
    stop: () => drain(AbortSignal.abort()),
    local: localSubmission(options, dependencies.settings),
  }
}

/** What takes messages of programs on this machine, by itself: no door is opened. */
export function createLocalSubmission(dependencies: Omit<MsaDependencies, 'tls'>): LocalSubmission {
  return localSubmission(sessionOptions(dependencies), dependencies.settings)
}

function localSubmission(shared: Shared, { limits }: MsaSettings): LocalSubmission {
  return new LocalSubmission({ ...shared, allowPlaintextAuth: false, messageSize: limits?.messageSize })
}

type Shared = Omit<SubmissionOptions, 'allowPlaintextAuth'>

/** What all sessions of all doors have in common. */
function sessionOptions(dependencies: Omit<MsaDependencies, 'tls'>): Shared {
  const { settings, intake, directory, doorkeeper, logger, metrics } = dependencies
  const { terminals, senderDomains, queueStarter: starter, room } = dependencies
  const clock = dependencies.clock ?? systemClock
  const policy = { ...DEFAULT_RECEPTION_POLICY, ...settings.policy }
  const submission = { ...DEFAULT_SUBMISSION_POLICY, ...settings.submission }
  const events = createEvents(logger.child({ agent: 'msa' }), metrics)
  return {
    intake,
    directory,
    doorkeeper,
    hostname: settings.hostname,
    clock,
    events,
    rate: new RateLimit(settings.rate, clock),
    random: randomBytes,
    policy,
    submission,
    edit: headerEdit(submission),
    addressLimits: new AddressLimits(policy.rates, clock),
    ...(terminals && { terminals }),
    ...(senderDomains && { senderDomains }),
    ...(starter && { etrn: new EtrnDesk({ policy: policy.etrn, starter, directory, clock, events }) }),
    ...(room && { room }),
  }
}

function submissionListener(
  door: SubmissionListener,
  { settings, doorkeeper, tls }: MsaDependencies,
  shared: Shared,
): Listener {
  const { maxConnections, maxConnectionsPerAddress, proxyProtocol = [] } = settings
  return new Listener({
    host: door.host,
    port: door.port,
    implicitTls: door.implicitTls,
    tls,
    clock: shared.clock,
    accept: (connection) => conversation(connection, door, settings, shared),
    maxConnections,
    maxConnectionsPerAddress,
    ...(proxyProtocol.length > 0 && { proxyProtocol: { trusted: proxyProtocol } }),
    turnAway: (address) => (doorkeeper.admits(address) ? undefined : 'banned for guessing'),
    farewell: (refusal) => farewellOf(refusal, settings.hostname),
    refused: (remoteAddress, reason) => shared.events.turnedAway(remoteAddress, reason),
  })
}

function conversation(
  connection: ConnectionFacts,
  { host: _host, port: _port, implicitTls, ...strictness }: SubmissionListener,
  { hostname, limits, ...settings }: MsaSettings,
  shared: Shared,
): Role {
  // RFC 8314 §3.3: where nobody else can be on the wire
  const allowPlaintextAuth = settings.allowPlaintextAuth && isUnobserved(connection)
  const { events } = shared
  events.connected()
  const session = new SubmissionSession(connection, { ...shared, allowPlaintextAuth })
  const machine = new SmtpServerMachine(session, {
    hostname,
    ...strictness,
    startTls: !implicitTls,
    requireAuth: isStranger(connection, shared),
    // A machine of ours that sends without login has no secret to lose.
    requireTls: !allowPlaintextAuth && !shared.policy.relayNetworks.has(connection.remoteAddress),
    allowPlaintextAuth,
    ...(connection.tls && { tls: connection.tls }),
    ...(limits && { limits }),
    observer: (event) => events.report(event, session),
  })
  return { machine, decide: serveSession(session) }
}

/**
 * Whether nothing but a login can make the client one of ours. The session asks for it in any case; the machine refuses
 * earlier, and more.
 */
// RFC 6409 §4.3, RFC 6409 §6.4
function isStranger(
  { remoteAddress }: ConnectionFacts,
  { policy: { relayNetworks, proxies }, submission }: Shared,
): boolean {
  const isProxy = proxies.has(remoteAddress)
  return !submission.openPostmaster && !isProxy && !relayNetworks.has(remoteAddress)
}
