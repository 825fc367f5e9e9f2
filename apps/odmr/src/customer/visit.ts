import { isIP } from 'node:net'
import { serveErrand, SmtpClientMachine, type PeerFacts } from '@cartero/smtp/client'
import type { SmtpEvent, SmtpServerLimits } from '@cartero/smtp/server'
import { untilAborted, type Clock, type ConnectionFacts, type Role, type TlsFacts } from '@cartero/wire'
import { dial, DialError, type Connected } from '@cartero/wire/node'
import { TurnErrand } from './errand.ts'
import { judge } from './judgement.ts'
import type { VisitLimits } from './limits.ts'
import { Login } from './login.ts'
import type { Provider } from './provider.ts'
import type { Judgement, VisitReport } from './report.ts'
import { Tally } from './tally.ts'

/** What the customer wants of whoever takes the mail of a turned connection. */
export interface ReceiveOptions {
  /** Told what happens in the connection, beside those who are told anyway. */
  readonly observer: (event: SmtpEvent) => void
  /** What differs there from the limits for other hosts. */
  readonly limits: Partial<SmtpServerLimits>
}

/**
 * Takes mail from a connection as from any other host: our directory says for whom, our spool keeps it. The connection was made by
 * us, so that the address at its other end is no reason for trust, STARTTLS is not offered, and no TLS can be begun in it.
 */
export type Receive = (connection: ConnectionFacts, options: ReceiveOptions) => Role

/** Where a host is, in the order in which its addresses are to be tried. Rejects when that cannot be said. */
export type AddressesOf = (host: string, signal: AbortSignal) => Promise<readonly string[]>

export interface VisitOptions {
  readonly provider: Provider
  /** As the log names the connection. */
  readonly sid: string
  readonly hostname: string
  readonly receive: Receive
  /** Where the system finds the host when absent. */
  readonly addressesOf?: AddressesOf
  /** Why mail must not be fetched now; undefined when it may. We are always ready when it is absent. */
  readonly unready?: (provider: Provider) => Promise<string | undefined>
  readonly limits: VisitLimits
  readonly clock: Clock
}

const LEAVING: Judgement = { end: 'left', reason: 'this server is shutting down' }

/** One visit to a provider: we call, log in, ask for our mail, and take it over the same connection. */
// RFC 2645 §5
export class Visit {
  readonly #on: VisitOptions
  readonly #errand: TurnErrand
  readonly #login: Login
  readonly #cut = new AbortController()
  readonly #leave = new AbortController()
  #connected: Connected | undefined
  #tally: Tally | undefined
  /** Why we broke it off. */
  #breach: Judgement | undefined
  #stopWaiting = (): void => {}

  constructor(options: VisitOptions) {
    this.#on = options
    this.#login = new Login(options.provider)
    this.#errand = new TurnErrand({
      domains: options.provider.domains,
      asking: () => this.#expect(options.limits.turn, 'gave no answer to ATRN'),
      turned: (peer) => this.#turned(peer),
    })
  }

  /** Never rejects for what the provider or the network does. */
  async run(): Promise<VisitReport> {
    const { clock, limits } = this.#on
    const begun = clock.elapsed()
    this.#expect(limits.opening, 'did not let us in')
    const stopLimit = clock.after(limits.visit, () => this.#end(this.#tooLong(limits.visit, 'was not done')))
    try {
      const unready = await this.#on.unready?.(this.#on.provider)
      if (unready !== undefined) this.#breach ??= { end: 'broken', reason: unready }
      const error = unready === undefined ? await this.#call() : undefined
      return this.#report(error, clock.elapsed() - begun)
    } finally {
      this.#stopWaiting()
      stopLimit()
    }
  }

  /** Ends after the message at hand. */
  leave(): void {
    this.#end(LEAVING)
  }

  /** Ends now. */
  cut(): void {
    this.#breach ??= LEAVING
    this.#cut.abort()
  }

  async #call(): Promise<Error | undefined> {
    const { provider, clock } = this.#on
    const { host, port, authorities, tls } = provider
    try {
      const addresses = await this.#addresses()
      return await dial({
        host,
        port,
        ...(addresses && { addresses }),
        implicitTls: tls === 'implicit',
        tls: { ...(authorities !== undefined && { authorities }) },
        clock,
        signal: this.#cut.signal,
        leave: this.#leave.signal,
        role: (connected) => this.#client(connected),
      })
    } catch (error) {
      if (error instanceof DialError || this.#breach !== undefined) return error as Error
      throw error
    }
  }

  async #addresses(): Promise<readonly string[] | undefined> {
    const { addressesOf, provider } = this.#on
    const { host } = provider
    if (addressesOf === undefined || isIP(host) !== 0) return undefined
    const { signal } = this.#cut
    try {
      return await untilAborted(addressesOf(host, signal), signal)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new DialError('connect', 'ENOTFOUND', `cannot find ${host}: ${why}`, { cause })
    }
  }

  #client(connected: Connected): Role {
    this.#connected = connected
    const { provider, hostname, limits } = this.#on
    const machine = new SmtpClientMachine(this.#errand, {
      hostname,
      startTls: provider.tls === 'starttls' ? 'required' : 'off',
      ...(connected.tls && { tls: connected.tls }),
      authenticate: this.#login.choose,
      allowPlaintextAuth: provider.tls === 'none',
      patience: { greeting: limits.opening, command: limits.opening, atrn: limits.turn },
    })
    return { machine, decide: serveErrand(this.#errand) }
  }

  /** From here on we are the server, which greets first. */
  // RFC 2645 §5.3
  #turned({ tls }: PeerFacts): Role {
    this.#stopWaiting()
    const { provider, receive, sid, limits } = this.#on
    const { remoteAddress = 'unknown', localAddress = 'unknown', localPort = 0 } = this.#connected ?? {}
    this.#tally = new Tally()
    const connection: ConnectionFacts = {
      id: sid,
      remoteAddress,
      remotePort: provider.port,
      localAddress,
      localPort,
      ...(tls && { tls }),
    }
    const { observe: observer } = this.#tally
    return receive(connection, {
      observer,
      limits: { commandPatience: limits.idle, dataPatience: limits.idle },
    })
  }

  /** The provider has that long for what comes next. */
  #expect(milliseconds: number, otherwise: string): void {
    this.#stopWaiting()
    this.#stopWaiting = this.#on.clock.after(milliseconds, () => {
      this.#breach ??= this.#tooLong(milliseconds, otherwise)
      this.#cut.abort()
    })
  }

  #tooLong(milliseconds: number, what: string): Judgement {
    return { end: 'broken', reason: `${this.#on.provider.host} ${what} within ${milliseconds / 1000} s` }
  }

  /** Nothing is lost where the connection is not turned. Where it is, the message at hand has some time. */
  #end(breach: Judgement): void {
    this.#breach ??= breach
    if (this.#tally === undefined) return this.#cut.abort()
    if (this.#leave.signal.aborted) return
    this.#stopWaiting = this.#on.clock.after(this.#on.limits.grace, () => this.#cut.abort())
    this.#leave.abort()
  }

  #report(error: Error | undefined, milliseconds: number): VisitReport {
    const { provider, sid } = this.#on
    const { peer, answer, ending } = this.#errand
    const tls: TlsFacts | undefined = peer?.tls ?? this.#connected?.tls
    const [breach, tally, loginTrouble] = [this.#breach, this.#tally, this.#login.trouble]
    const judgement = judge({
      provider,
      ...(breach && { breach }),
      ...(error && { error }),
      ...(loginTrouble !== undefined && { loginTrouble }),
      ...(ending && { ending }),
      ...(answer && { answer }),
      ...(tally && { tally }),
    })
    return {
      ...judgement,
      sid,
      ...(this.#connected && { address: this.#connected.remoteAddress }),
      ...(tls && { tls }),
      messages: tally?.messages ?? 0,
      octets: tally?.octets ?? 0,
      ...(tally?.refusal !== undefined && { refused: tally.refused, refusal: tally.refusal }),
      milliseconds,
    }
  }
}
