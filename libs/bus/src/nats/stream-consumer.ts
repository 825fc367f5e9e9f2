import { setImmediate as turn } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, nanos, ReplayPolicy, type JetStreamManager } from 'nats'
import { pause, type Clock } from '@cartero/wire'

import { TAKING_LIMITS } from './limits.ts'
import type { Link } from './link.ts'
import { Pull, type BatchLimit } from './pull.ts'
import type { TakenMessage } from './taken-message.ts'

export type { BatchLimit } from './pull.ts'

export interface ConsumerConfig {
  /** Letters, digits, `-` and `_`. */
  readonly name: string
  /** Milliseconds after which the message of a taker who is silent is given to somebody else. */
  readonly acknowledgeWithin?: number
  /** Messages that are out at once with all takers together. */
  readonly outstanding?: number
}

interface Opening {
  readonly link: Link
  readonly clock: Clock
  readonly manager: JetStreamManager
  readonly stream: string
  readonly config: ConsumerConfig
  /** Told when the broker says that the consumer, or its stream, is not there. */
  readonly doubt: () => void
}

/** While a batch takes long, the broker is told so this often before it would give it to somebody else: one word may get lost. */
const WORDS_A_WAIT = 3

/** JetStream: it is there already, and is configured otherwise. */
const CONSUMER_EXISTS = [10_013, 10_148]

/** Takes messages out of a stream, in batches, each until it is done or handed back. */
export class StreamConsumer {
  readonly #opening: Opening

  private constructor(opening: Opening) {
    this.#opening = opening
  }

  /** `DurableStream.consumer` */
  static async open(opening: Opening): Promise<StreamConsumer> {
    const consumer = new StreamConsumer(opening)
    await consumer.restore()
    return consumer
  }

  /** Makes it where it is not: it goes with its stream. */
  async restore(): Promise<void> {
    const { manager, stream, config } = this.#opening
    const limits = {
      ack_wait: nanos(config.acknowledgeWithin ?? TAKING_LIMITS.acknowledgeWithin),
      max_ack_pending: config.outstanding ?? TAKING_LIMITS.outstanding,
      max_deliver: -1,
    }
    const fixed = {
      durable_name: config.name,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      replay_policy: ReplayPolicy.Instant,
    }
    try {
      await manager.consumers.add(stream, { ...fixed, ...limits })
    } catch (error) {
      const code = (error as { api_error?: { err_code?: number } }).api_error?.err_code ?? 0
      if (!CONSUMER_EXISTS.includes(code)) throw error
      await manager.consumers.update(stream, config.name, limits)
    }
  }

  /**
   * Batches, in no order that anybody may count on. What of a batch is not settled when the loop goes on, or is left, is handed back, and
   * so is what was fetched ahead. A batch that takes long stays ours. Ends when the signal aborts, after the batch at hand.
   */
  async *batches(limit: BatchLimit, signal: AbortSignal): AsyncGenerator<readonly TakenMessage[], void> {
    const { link, clock, stream, config, doubt } = this.#opening
    const pull = new Pull({ link, clock, stream, consumer: config.name, limit, doubt })
    const { milliseconds = 0, from = Infinity } = limit.gathering ?? {}
    let last = 0
    try {
      for (;;) {
        await pull.filled(signal)
        if (last >= from && !signal.aborted) await pause(clock, milliseconds, signal)
        if (signal.aborted) return
        // What has arrived with it goes with it.
        await turn()
        const batch = pull.take()
        last = batch?.length ?? 0
        if (batch !== undefined) yield* this.#given(batch, pull)
      }
    } finally {
      await pull.close()
    }
  }

  async *#given(batch: readonly TakenMessage[], pull: Pull): AsyncGenerator<readonly TakenMessage[], void> {
    const { clock, config } = this.#opening
    const every = (config.acknowledgeWithin ?? TAKING_LIMITS.acknowledgeWithin) / WORDS_A_WAIT
    let cancel: (() => void) | undefined
    const keep = (): void => {
      cancel = clock.after(every, () => {
        for (const message of batch) message.working()
        pull.working()
        keep()
      })
    }
    keep()
    try {
      yield batch
    } finally {
      cancel?.()
      for (const message of batch) message.handBack()
    }
  }
}
