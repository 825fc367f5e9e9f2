import type { ContentStore } from '@cartero/content'
import type { ClientEnding, ClientPatience } from '@cartero/smtp/client'
import type { Delivery } from '@cartero/spool'
import {
  dispatch,
  type Dispatch,
  type DispatchEnding,
  type Turn,
  type TurnEnding,
} from '@cartero/spool/dispatch'
import type { Clock, ConnectionFacts, Role, TlsFacts } from '@cartero/wire'
import { CUSTOMER_PATIENCE, ODMR_LIMITS } from './limits.ts'
import { TurnFeed } from './turn-feed.ts'

export type TurnContent = Pick<ContentStore, 'read' | 'get'>

export interface TurnaroundOptions {
  readonly turn: Turn
  readonly connection: ConnectionFacts
  /** TLS as it is now; none is started after the turn. */
  readonly tls: TlsFacts | undefined
  /** What the customer called himself before the turn. */
  readonly host: string
  /** What we call ourselves. */
  readonly hostname: string
  readonly content: TurnContent
  readonly clock: Clock
  /** Milliseconds after which nothing more is begun. */
  readonly duration: number
  readonly patience?: Partial<ClientPatience> | undefined
  /** The process leaves: nothing more is begun. */
  readonly leaving: AbortSignal
  /** Lets the machine of the connection say what it has to say. */
  readonly wake: () => void
  /** The customer may have it, or not. */
  readonly uncertain: (delivery: Delivery) => void
}

const OUT_OF_TIME = 'its time was over'
const LEAVING = 'the server is shutting down'

/** A connection that is turned around: the customer is the server, and takes the mail of his turn. */
// RFC 2645 §5.3
export class Turnaround {
  /** For who drives the connection. */
  readonly role: Role
  /** The connection is over, and others can have the turn. Rejects when the turn could not be ended. */
  readonly over: Promise<TurnEnding>
  readonly #on: TurnaroundOptions
  readonly #feed: TurnFeed
  readonly #timers: readonly (() => void)[]
  #stopped: string | undefined
  #isCut = false

  constructor(options: TurnaroundOptions) {
    const { turn, clock, duration, leaving } = options
    this.#on = options
    this.#feed = new TurnFeed(turn)
    const { role, over } = this.#dispatch(options)
    this.role = role
    this.over = over.then((ending) => this.#end(ending))
    this.#timers = [
      clock.after(duration, () => this.#part(OUT_OF_TIME)),
      clock.after(duration + ODMR_LIMITS.finishing, () => this.#cut()),
    ]
    if (leaving.aborted) this.#leave()
    else leaving.addEventListener('abort', this.#leave, { once: true })
  }

  #dispatch({ host, hostname, tls, clock, patience, connection, uncertain }: TurnaroundOptions): Dispatch {
    return dispatch({
      feed: this.#feed,
      content: this.#content(),
      clock,
      host,
      client: {
        hostname,
        ...(tls && { tls }),
        downgrade: { signed: 'send' },
        patience: { ...CUSTOMER_PATIENCE, ...patience },
      },
      facts: () => ({ address: connection.remoteAddress, ...(tls && { tls: tls.version }) }),
      uncertain,
    })
  }

  /** A customer who reads slowly enough is never silent; when his time is over, a long message ends where it is. */
  #content(): TurnContent {
    const { content } = this.#on
    const isCut = (): boolean => this.#isCut
    return {
      read: (id, range) => content.read(id, range),
      async *get(id, range) {
        for await (const octets of content.get(id, range)) {
          if (isCut()) throw new Error(OUT_OF_TIME)
          yield octets
        }
      },
    }
  }

  readonly #leave = (): void => this.#part(LEAVING)

  /** What is under way is finished. */
  #part(why: string): void {
    this.#stopped ??= why
    this.#feed.part()
    this.role.machine.drain()
  }

  #cut(): void {
    this.#isCut = true
    this.role.machine.timedOut()
    this.#on.wake()
  }

  async #end({ how, ending }: DispatchEnding): Promise<TurnEnding> {
    for (const cancel of this.#timers) cancel()
    this.#on.leaving.removeEventListener('abort', this.#leave)
    const told = this.#told(how, ending)
    await this.#on.turn.end(told)
    return told
  }

  #told(how: ClientEnding, ending: TurnEnding): TurnEnding {
    if (this.#stopped !== undefined) return { kind: 'stopped', reason: this.#stopped }
    // All was given out, and nobody needs the answer.
    return 'stage' in how && how.stage === 'QUIT' ? { kind: 'complete' } : ending
  }
}
