import type { AnyDirectory } from '@cartero/directory'
import type { Doorkeeper, Visit } from '@cartero/directory/doorkeeper'
import type { SaslServerMechanism } from '@cartero/sasl'
import {
  replies,
  ReplyError,
  type AuthSession,
  type GreetingCommand,
  type Reply,
  type Reversal,
  type SmtpSession,
  type TurnSession,
  type Verdict,
} from '@cartero/smtp/server'
import { SpoolError, type Delivery } from '@cartero/spool'
import type { Turn, TurnEnding, TurnOpening, TurnRequest, Turns } from '@cartero/spool/dispatch'
import type { Subject } from '@cartero/spool/reception'
import type { Clock, ConnectionFacts, TlsFacts } from '@cartero/wire'
import type { Events } from './events.ts'
import { ODMR_LIMITS } from './limits.ts'
import { Turnaround, type TurnaroundOptions, type TurnContent } from './turnaround.ts'
import { wantedDomains } from './wanted-domains.ts'

/** What all sessions of all doors have in common. */
export interface OdmrOptions {
  readonly hostname: string
  readonly turns: Turns
  readonly directory: Pick<AnyDirectory, 'CollectedDomains'>
  readonly doorkeeper: Doorkeeper
  readonly content: TurnContent
  readonly clock: Clock
  readonly events: Events
  readonly isTurnAllowed: boolean
  readonly allowClearCramMd5: boolean
  readonly turnDuration: number
  readonly patience?: TurnaroundOptions['patience']
  /** The process leaves. */
  readonly leaving: AbortSignal
  /** A connection was turned around; to be waited for by whoever leaves. */
  readonly turned: (over: Promise<void>) => void
}

/** A customer who comes for his mail. It takes none: what it is asked of mail is refused before it comes here. */
// RFC 2645 §5
export class OdmrSession implements SmtpSession, AuthSession, TurnSession {
  readonly connection: ConnectionFacts
  readonly #options: OdmrOptions
  readonly #wake: () => void
  #tls: TlsFacts | undefined
  #helo: string | undefined
  #account: string | undefined
  #requests = 0

  constructor(connection: ConnectionFacts, options: OdmrOptions, wake: () => void) {
    this.connection = connection
    this.#options = options
    this.#wake = wake
    this.#tls = connection.tls
  }

  get tls(): TlsFacts | undefined {
    return this.#tls
  }

  /** For the log. */
  get subject(): Subject {
    return { helo: this.#helo }
  }

  get isTurnAllowed(): boolean {
    return this.#options.isTurnAllowed
  }

  greeting(): Verdict {
    const { doorkeeper, hostname } = this.#options
    const isAdmitted = doorkeeper.admits(this.connection.remoteAddress)
    return isAdmitted ? undefined : replies.tooManyAuthFailures(hostname)
  }

  helo({ name }: GreetingCommand): undefined {
    this.#helo = name
  }

  // RFC 3207 §4.2
  tlsStarted(tls: TlsFacts): void {
    this.#tls = tls
    this.#helo = this.#account = undefined
  }

  // RFC 2645 §5.1.1, RFC 4954 §4
  mechanisms(tls: TlsFacts | undefined): readonly string[] {
    return this.#options.doorkeeper.mechanisms(this.#visit(tls))
  }

  start(mechanism: string): SaslServerMechanism {
    return this.#options.doorkeeper.start(mechanism, this.#visit(this.#tls))
  }

  authenticated(account: string): undefined {
    this.#account = account
  }

  #visit(tls: TlsFacts | undefined): Visit {
    const { allowClearCramMd5 } = this.#options
    return {
      remoteAddress: this.connection.remoteAddress,
      tls,
      cramMd5: allowClearCramMd5 ? 'clear' : 'tls',
    }
  }

  // RFC 2645 §5.2.1
  async turn(named: readonly string[], _by: 'ATRN' | 'TURN', signal: AbortSignal): Promise<Reversal> {
    const { events } = this.#options
    try {
      const reversal = await this.#turn(named, signal)
      events.answered(reversal.reply.code)
      return reversal
    } catch (error) {
      if (error instanceof ReplyError) events.answered(error.reply.code)
      throw error
    }
  }

  async #turn(named: readonly string[], signal: AbortSignal): Promise<Reversal> {
    const { directory, hostname } = this.#options
    if (++this.#requests > ODMR_LIMITS.requests) throw new ReplyError(replies.tooManyCommands(hostname))
    const account = this.#account!
    const domains = await wantedDomains(directory, account, named)
    const { id: sid, remoteAddress: peer } = this.connection
    const request: TurnRequest = { account, domains, sid, peer }
    const turn = turnOf(await this.#begin(request, signal))
    if (this.#options.leaving.aborted) {
      await turn.end()
      throw new ReplyError(replies.shuttingDown(hostname))
    }
    return { reply: replies.turning, role: this.#turnAround(turn) }
  }

  async #begin(request: TurnRequest, signal: AbortSignal): Promise<TurnOpening> {
    const { turns, clock } = this.#options
    const late = new AbortController()
    const cancel = clock.after(ODMR_LIMITS.beginning, () => late.abort())
    try {
      return await turns.begin(request, AbortSignal.any([signal, late.signal]))
    } catch (cause) {
      if (!late.signal.aborted && !signal.aborted && !(cause instanceof SpoolError)) throw cause
      const fault = late.signal.aborted ? 'deadline' : 'store'
      throw new ReplyError(replies.cannotTurnNow, { reason: String(cause), fault, cause })
    } finally {
      cancel()
    }
  }

  #turnAround(turn: Turn): Turnaround['role'] {
    const { events, turned, turnDuration, ...shared } = this.#options
    const host = this.#helo!
    const turnaround = new Turnaround({
      ...shared,
      turn,
      connection: this.connection,
      tls: this.#tls,
      host,
      duration: turnDuration,
      wake: this.#wake,
      uncertain: (delivery: Delivery) => events.uncertain(delivery, host),
    })
    const told = ({ kind }: TurnEnding): void => events.turned(kind)
    turned(turnaround.over.then(told, (error: unknown) => events.bug(this, error)))
    return turnaround.role
  }

  mail(): Reply {
    return replies.notImplemented
  }

  rcpt(): Reply {
    return replies.notImplemented
  }

  data(): Reply {
    return replies.notImplemented
  }

  body(): void {}

  endOfData(): Reply {
    return replies.notImplemented
  }

  reset(): void {}
}

/** The turn, if there is one. Throws ReplyError. */
// RFC 2645 §5.2.1
function turnOf(opening: TurnOpening): Turn {
  switch (opening.kind) {
    case 'begun':
      return opening.turn
    case 'nothing':
      throw new ReplyError(replies.noMailWaiting)
    case 'busy':
      throw new ReplyError(replies.turnUnderWay)
  }
}
