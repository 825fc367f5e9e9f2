import { SpoolError, type OutboundQueue, type Spool } from '@cartero/spool'
import type { TurnEnding, TurnOpening, TurnRequest, Turns } from '@cartero/spool/dispatch'
import type { Notices } from '@cartero/spool/notices'
import type { Clock } from '@cartero/wire'

import { GATHERING_MS, LEASE_MS } from '../relay/limits.ts'
import { Settler, type SettlerEvents } from '../relay/settler.ts'
import type { Customers } from './customers.ts'
import { MOST_TURNS } from './limits.ts'
import type { TurnCount } from './tally.ts'
import { CustomerTurn, type TurnGround } from './turn.ts'

/** What turns tell. */
export interface TurnsEvents extends SettlerEvents {
  readonly began: (request: TurnRequest, waiting: number) => void
  /** `nothing` is the usual answer of a quiet day. */
  readonly refused: (request: TurnRequest, why: 'nothing' | 'busy') => void
  readonly ended: (request: TurnRequest, count: TurnCount, how: TurnEnding) => void
  /** Nothing could be taken out of the spool. */
  readonly notTaken: (error: unknown) => void
  /** It could not be counted what waits. */
  readonly uncounted: (error: unknown) => void
}

export interface CustomerTurnsDependencies {
  readonly spool: Pick<Spool, 'giveBack' | 'settle'>
  readonly queue: Pick<OutboundQueue, 'take'>
  /** Whose settings give up nothing: what is too old is the keeper's affair. */
  readonly notices: Pick<Notices, 'conclude' | 'isTooLate'>
  readonly customers: Customers
  /** Milliseconds. */
  readonly retryAfter: number
  /** Milliseconds from one settlement to the next, at least; `GATHERING_MS` without it. */
  readonly gathering?: number
  /** Whose leases they are. */
  readonly owner: string
  readonly clock: Clock
  readonly events: TurnsEvents
}

/** Turns of customers, one for each domain at a time; and how what is given out is settled. */
// RFC 2645
export class CustomerTurns implements Turns {
  readonly #on: CustomerTurnsDependencies
  readonly #ground: TurnGround
  readonly #settler: Settler
  readonly #leaving = new AbortController()
  readonly #stopping = new AbortController()
  /** Who has the turn of which domain. */
  readonly #taken = new Map<string, CustomerTurn>()
  readonly #turns = new Set<CustomerTurn>()
  #quiet: (() => void)[] = []

  constructor(dependencies: CustomerTurnsDependencies) {
    const { gathering = GATHERING_MS, events } = dependencies
    this.#on = dependencies
    // What is deferred comes again when its turn says.
    const retry = { at: (_: unknown, __: unknown, { notBefore }: { notBefore: number }) => notBefore }
    this.#settler = new Settler({ ...dependencies, gathering, retry }, this.#stopping.signal)
    this.#ground = {
      ...dependencies,
      terms: { owner: dependencies.owner, expiresIn: LEASE_MS },
      settler: this.#settler,
      leaving: this.#leaving.signal,
      notTaken: events.notTaken,
    }
  }

  /** Turns that were begun and are not over. */
  get open(): number {
    return this.#turns.size
  }

  async begin(request: TurnRequest, signal: AbortSignal): Promise<TurnOpening> {
    signal.throwIfAborted()
    this.#mayBegin()
    if (this.#turns.size >= MOST_TURNS) throw new SpoolError('unavailable', 'too many customers at once')
    if (request.domains.some((domain) => this.#taken.has(domain))) return this.#refuse(request, 'busy')
    const turn = this.#lock(request)
    let opening: TurnOpening | undefined
    try {
      if (await turn.open()) opening = await this.#opened(turn, request, signal)
    } finally {
      if (opening === undefined) await turn.end()
    }
    this.#mayBegin()
    return opening ?? this.#refuse(request, 'nothing')
  }

  /** Begins nothing more, and gives nothing more out; waits until all turns are over. They are ended when the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#leaving.abort()
    const stop = (): void => {
      this.#stopping.abort()
      for (const turn of this.#turns) void turn.end()
    }
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    if (this.#turns.size > 0) await new Promise<void>((resolve) => this.#quiet.push(resolve))
    await this.#settler.settled()
    signal.removeEventListener('abort', stop)
  }

  async #opened(turn: CustomerTurn, request: TurnRequest, signal: AbortSignal): Promise<TurnOpening> {
    turn.waiting = Math.max(turn.atHand, await this.#count(request))
    signal.throwIfAborted()
    this.#on.events.began(request, turn.waiting)
    turn.isBegun = true
    return { kind: 'begun', turn: turn }
  }

  async #count({ domains }: TurnRequest): Promise<number> {
    const { customers, events } = this.#on
    await customers.refresh().catch(events.uncounted)
    return domains.reduce((sum, domain) => sum + (customers.waitingFor(domain)?.deliveries ?? 0), 0)
  }

  #refuse(request: TurnRequest, kind: 'nothing' | 'busy'): TurnOpening {
    this.#on.events.refused(request, kind)
    return { kind }
  }

  #lock(request: TurnRequest): CustomerTurn {
    const turn: CustomerTurn = new CustomerTurn(this.#ground, {
      request,
      over: (count, how) => this.#over(turn, request, { count, how }),
    })
    this.#turns.add(turn)
    for (const domain of request.domains) this.#taken.set(domain, turn)
    return turn
  }

  #over(
    turn: CustomerTurn,
    request: TurnRequest,
    { count, how }: { readonly count: TurnCount; readonly how: TurnEnding },
  ): void {
    for (const domain of request.domains) this.#taken.delete(domain)
    this.#turns.delete(turn)
    if (turn.isBegun) this.#on.events.ended(request, count, how)
    if (this.#turns.size === 0) for (const resolve of this.#quiet.splice(0)) resolve()
  }

  #mayBegin(): void {
    if (this.#leaving.signal.aborted) throw new SpoolError('unavailable', 'the system is being stopped')
  }
}
