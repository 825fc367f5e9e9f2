import { nanos, type Msg, type Subscription } from 'nats'
import type { Clock } from '@cartero/wire'

import { TAKING_LIMITS } from './limits.ts'
import type { Link } from './link.ts'
import { TakenMessage } from './taken-message.ts'
import { withinLimit } from './within-limit.ts'

/** How much is taken together; the next batch comes while one is worked at. */
export interface BatchLimit {
  readonly messages: number
  readonly octets: number
  /**
   * Milliseconds that a batch waits for company when the one before had company, and `from` messages at least: whoever is busy works for many
   * at once, and nobody waits where little comes.
   */
  readonly gathering?: { readonly milliseconds: number; readonly from: number }
}

export interface PullOptions {
  readonly link: Link
  readonly clock: Clock
  readonly stream: string
  readonly consumer: string
  readonly limit: BatchLimit
  /** Told when the broker says that the consumer, or its stream, is not there. */
  readonly doubt: () => void
}

const HEARTBEAT = 100
/** Of a status 409: we have got as many octets as we wished for. */
const IS_SATED = /MaxBytes|Batch Completed/i
const NO_RESPONDERS = 503
const IS_DELETED = /deleted/i

/** Wishes for messages, and holds those that came: never more than the limit. */
export class Pull {
  readonly #options: PullOptions
  readonly #inbox: string
  readonly #subscription: Subscription
  readonly #endHearing: () => void
  #held: TakenMessage[] = []
  #octets = 0
  /** Messages that the current wish has left. */
  #ahead = 0
  #wish = 0
  #heard = 0
  #filled: (() => void) | undefined
  #endWatching: () => void = () => {}
  #isClosed = false

  constructor(options: PullOptions) {
    this.#options = options
    const { connection } = options.link
    this.#inbox = options.link.inbox()
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#receive(message)
      },
    })
    this.#endHearing = options.link.hear((isConnected) => isConnected && this.#wishAnew())
    this.#watch()
    this.#refill()
  }

  /** All that is held; undefined when there is nothing. */
  take(): readonly TakenMessage[] | undefined {
    if (this.#held.length === 0) return undefined
    const taken = this.#held
    this.#held = []
    this.#octets = 0
    this.#refill()
    return taken
  }

  /** Fulfilled when there is something, or nothing more will come. */
  async filled(signal: AbortSignal): Promise<void> {
    if (this.#held.length > 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        signal.removeEventListener('abort', end)
        this.#filled = undefined
        resolve()
      }
      this.#filled = end
      signal.addEventListener('abort', end, { once: true })
    })
  }

  /** What is held takes longer. */
  working(): void {
    for (const message of this.#held) message.working()
  }

  /** Hands back what is held, and what is on its way to us. Never rejects. */
  async close(): Promise<void> {
    const { link, clock } = this.#options
    this.#isClosed = true
    this.#endWatching()
    this.#endHearing()
    const gone = link.isConnected ? this.#subscription.drain() : Promise.resolve()
    for (const message of this.#held.splice(0)) message.handBack()
    await withinLimit(gone, clock)
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe()
  }

  #receive(message: Msg): void {
    if (message.subject.startsWith(this.#inbox)) return this.#status(message)
    this.#heard = this.#options.clock.elapsed()
    this.#ahead = Math.max(0, this.#ahead - 1)
    const taken = new TakenMessage(message)
    if (this.#isClosed) return taken.handBack()
    this.#held.push(taken)
    this.#octets += message.data.length
    this.#filled?.()
  }

  /** The broker says something of a wish: that it still has it, or that it has ended. */
  #status({ subject, headers }: Msg): void {
    if (subject !== `${this.#inbox}.${this.#wish}`) return
    this.#heard = this.#options.clock.elapsed()
    const code = headers?.code ?? 0
    if (code === HEARTBEAT) return
    this.#ahead = 0
    // It is over. Anything else may be so again at once: a leader that has gone, a consumer that is not there yet.
    const words = headers?.description ?? ''
    if (code === NO_RESPONDERS || IS_DELETED.test(words)) this.#options.doubt()
    else if (code === 404 || code === 408 || IS_SATED.test(words)) this.#refill()
  }

  #refill(): void {
    const { limit, link, stream, consumer } = this.#options
    if (this.#isClosed || this.#ahead > 0 || !link.isConnected) return
    const batch = limit.messages - this.#held.length
    const octets = limit.octets - this.#octets
    if (batch * 2 < limit.messages || octets * 2 < limit.octets) return
    this.#ahead = batch
    this.#wish++
    this.#heard = this.#options.clock.elapsed()
    const wish = {
      batch,
      max_bytes: octets,
      expires: nanos(TAKING_LIMITS.wish),
      idle_heartbeat: nanos(TAKING_LIMITS.heartbeat),
    }
    link.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(wish), {
      reply: `${this.#inbox}.${this.#wish}`,
    })
  }

  #wishAnew(): void {
    this.#ahead = 0
    this.#refill()
  }

  /** Looks now and then whether the broker still knows what we want. */
  #watch(): void {
    const { clock } = this.#options
    this.#endWatching = clock.after(WATCH_EVERY, () => {
      const isForgotten = clock.elapsed() - this.#heard > 2 * TAKING_LIMITS.heartbeat
      if (this.#ahead === 0 || isForgotten) this.#wishAnew()
      this.#watch()
    })
  }
}

/** Milliseconds: a wish that has failed is made again this soon. */
const WATCH_EVERY = 500
