import type { MailHost, TlsPolicy } from '@cartero/routing'
import { judgeTls, type TlsOutcome } from '@cartero/routing/tls-policy'
import { preferredMechanism, type SaslClientContext } from '@cartero/sasl'
import {
  serveErrand,
  SmtpClientMachine,
  substitutes,
  withoutSecret,
  type ChooseMechanism,
  type PeerFacts,
  type SmtpClientOptions,
} from '@cartero/smtp/client'
import type { Trouble } from '@cartero/spool/notices'
import type { Role } from '@cartero/wire'
import { dial, DialError, type Connected } from '@cartero/wire/node'
import {
  concluded,
  endingTrouble,
  Errand,
  TRANSACTIONS_IN_FLIGHT,
  type AttemptFacts,
  type Cargo,
  type Interruption,
  type Leftover,
} from '@cartero/spool/dispatch'
import type { Lane, LaneFeed } from '../ports.ts'
import type { CallOutcome, ConfiguredWays, CourierOptions } from './options.ts'
import { tlsWords, type Security, type UsePolicy } from './security.ts'
import { tlsResult } from './tls-report.ts'
import { dialTrouble } from './trouble.ts'

/** One connection to one host. */
export interface Call {
  readonly options: CourierOptions
  readonly feed: LaneFeed
  readonly cargo: Cargo
  readonly host: MailHost
  /** Of the host's addresses those that are to be called. */
  readonly addresses: readonly string[]
  readonly policy: TlsPolicy
  /** What it says of this host. */
  readonly use: UsePolicy
  readonly security: Security
  readonly chunking: NonNullable<SmtpClientOptions['chunking']>
  readonly route: ReturnType<ConfiguredWays['route']>
  readonly signal: AbortSignal
  /** The host takes mail. */
  ready(): void
}

export interface Visit {
  /** `shut`: it took no mail; `idle`: it would have, and there was none; `served`: it has had something. */
  readonly kind: 'shut' | 'idle' | 'served'
  /** Deliveries whose end was told. */
  readonly settled: number
  readonly leftovers: readonly Leftover[]
  readonly facts: AttemptFacts
  /** What ended it, unless we did. */
  readonly trouble?: Trouble
  /**
   * Where it lies: in the host, for whatever mail; in what was demanded of it for this mail (TLS, a login), so that it is as good as
   * before for all other; or in none of these.
   */
  readonly fault: 'host' | 'demand' | 'none'
  /** What it offered and cannot do. */
  readonly broken?: 'TLS' | 'CHUNKING'
}

/** Calls a host and gives it mail until one of both has enough. Never rejects for what the host or the network does. */
export async function visit(call: Call): Promise<Visit> {
  return await new Session(call).run()
}

/** What is known of one connection while it lasts. */
class Session {
  readonly #call: Call
  readonly #errand: Errand
  #connected: Connected | undefined
  #peer: PeerFacts | undefined

  constructor(call: Call) {
    this.#call = call
    const { feed, cargo, options, host } = call
    this.#errand = new Errand({
      feed,
      cargo,
      clock: options.clock,
      host: host.name,
      most: options.settings.transactionsPerConnection,
      isTrusted: feed.lane.way.kind === 'route',
      isFit: (peer) => !lacksTls(feed.lane, peer),
      facts: (peer) => this.#facts(peer),
      ready: (peer) => this.#ready(peer),
      uncertain: ({ delivery }) => options.events?.uncertain?.(delivery, `${host.name}:${host.port}`),
    })
  }

  async run(): Promise<Visit> {
    try {
      return this.#over(await this.#dial())
    } catch (error) {
      if (!(error instanceof DialError)) throw error
      return this.#over(error)
    }
  }

  #dial(): Promise<Error | undefined> {
    const { host, addresses, options, security, route, signal } = this.#call
    return dial({
      host: host.name,
      addresses,
      port: host.port,
      clock: options.clock,
      localAddresses: options.settings.sourceAddresses,
      implicitTls: route?.isTlsImplicit === true,
      tls: security.handshake,
      signal,
      role: (connected) => this.#role(connected),
    })
  }

  #role(connected: Connected): Role {
    this.#connected = connected
    const { options, security, chunking, route } = this.#call
    const machine = new SmtpClientMachine(this.#errand, {
      hostname: options.hostname,
      protocol: route?.protocol ?? 'smtp',
      startTls: security.startTls,
      chunking,
      downgrade: { signed: 'send' },
      limits: { transactionsInFlight: TRANSACTIONS_IN_FLIGHT },
      ...(connected.tls && { tls: connected.tls }),
      ...(route?.credentials && { authenticate: this.#logIn(route.credentials) }),
      ...(options.patience && { patience: options.patience }),
    })
    return { machine, decide: serveErrand(this.#errand) }
  }

  #logIn({ username, password }: NonNullable<NonNullable<Call['route']>['credentials']>): ChooseMechanism {
    const { name, port } = this.#call.host
    return (offered, tls) => {
      const context: SaslClientContext = {
        login: username,
        password: password.reveal(),
        tls,
        offered,
        host: name,
        port,
      }
      const row = preferredMechanism(offered, context)
      return row && { name: row.name, exchange: row.connect(context) }
    }
  }

  #ready(peer: PeerFacts): void {
    this.#peer = peer
    this.#call.ready()
    this.#tell(peer.tls ? { kind: 'secured', tls: peer.tls } : { kind: 'notOffered' })
  }

  #facts(peer: PeerFacts | undefined): AttemptFacts {
    const { host, security } = this.#call
    const address = this.#connected?.remoteAddress
    return {
      host: host.name,
      ...(address !== undefined && { address }),
      ...(peer?.tls && { tls: tlsWords(peer.tls, security.demand) }),
    }
  }

  #over(error: Error | undefined): Visit {
    const { count, settledCount, leftovers } = this.#errand
    const facts = this.#facts(this.#peer)
    const common = { settled: settledCount, leftovers, facts }
    const trouble = this.#trouble(error)
    const broken = this.#broken(error)
    const isReady = this.#peer !== undefined
    if (!isReady) this.#tellShut(error)
    if (!this.#call.signal.aborted || isReady) this.#call.options.events?.called?.(this.#outcome(error))
    const kind = !isReady ? 'shut' : count === 0 ? 'idle' : 'served'
    return {
      kind,
      ...common,
      fault: this.#fault(error),
      ...(trouble && { trouble }),
      ...(broken && { broken }),
    }
  }

  #outcome(error: Error | undefined): CallOutcome {
    if (this.#peer !== undefined) return 'connected'
    if (this.#connected === undefined && !isOfTls(error)) return 'failed'
    const { ending, isUnfit } = this.#errand
    const isDeclined = ending?.kind === 'refused' && ending.stage === 'STARTTLS'
    return isOfTls(error) || isUnfit || isDeclined ? 'tls' : 'refused'
  }

  #fault(error: Error | undefined): Visit['fault'] {
    if (this.#errand.isUnfit || isOurs(error)) return 'none'
    const { ending } = this.#errand
    const isTls = isOfTls(error)
    const isRefused = ending?.kind === 'refused' && (ending.stage === 'STARTTLS' || ending.stage === 'AUTH')
    return isTls || isRefused ? 'demand' : 'host'
  }

  #trouble(error: Error | undefined): Trouble | undefined {
    const { host } = this.#call
    const { ending, isUnfit } = this.#errand
    if (isUnfit) {
      const { requireTlsIncapable } = substitutes
      return {
        kind: 'failed',
        status: requireTlsIncapable.status!,
        reason: concluded(host.name, requireTlsIncapable),
      }
    }
    if (error instanceof DialError) return dialTrouble(host, error)
    if (ending === undefined || !('stage' in ending)) return undefined
    return endingTrouble(host.name, this.#repeatable(ending))
  }

  /** It is logged, listed and told to senders. */
  #repeatable(ending: Interruption): Interruption {
    const { credentials } = this.#call.route ?? {}
    if (ending.stage !== 'AUTH' || credentials === undefined) return ending
    const { username, password } = credentials
    return { ...ending, reply: withoutSecret(ending.reply, { username, password: password.reveal() }) }
  }

  #broken(error: Error | undefined): Visit['broken'] {
    const { security, chunking, route } = this.#call
    const isTlsOptional = security.startTls === 'opportunistic' && route?.isTlsImplicit !== true
    if (error instanceof DialError && error.stage === 'handshake' && isTlsOptional) return 'TLS'
    const { ending } = this.#errand
    if (ending?.kind !== 'notUnderstood' || chunking === 'never') return undefined
    const isChunk = ending.stage === 'BDAT' || ending.stage === 'end of data'
    return isChunk && this.#peer?.offer.has('CHUNKING') ? 'CHUNKING' : undefined
  }

  /** A session without mail tells of TLS, if TLS is why. */
  #tellShut(error: Error | undefined): void {
    const { ending } = this.#errand
    if (isOfTls(error)) this.#tell({ kind: 'failed', error })
    else if (ending?.kind === 'refused' && ending.stage === 'STARTTLS') this.#tell({ kind: 'notOffered' })
  }

  #tell(outcome: TlsOutcome): void {
    const { options, feed, policy, use, host, security } = this.#call
    if (security.demand === 'none') return
    const facts = { way: feed.lane.way, policy, host, connected: this.#connected }
    const result = tlsResult(facts, judgeTls(use, outcome) ?? policy.trouble)
    if (result !== undefined) options.tlsResults?.tell(result)
  }
}

/** Mail that asks for TLS goes to nobody who does not promise to ask for it, too. */
// RFC 8689 §4.2.1
function lacksTls({ wish }: Lane, { tls, offer }: PeerFacts): boolean {
  return wish.required && !(tls?.verified === true && offer.has('REQUIRETLS'))
}

function isOfTls(error: Error | undefined): error is DialError {
  return error instanceof DialError && error.stage !== 'connect'
}

function isOurs(error: Error | undefined): boolean {
  return error instanceof DialError && error.fault !== 'peer'
}
