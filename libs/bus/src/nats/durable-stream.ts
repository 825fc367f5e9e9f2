import type { JetStreamManager } from 'nats'
import { pause, type Clock } from '@cartero/wire'

import { BrokerError } from './broker-error.ts'
import { finalFault, publishFault } from './broker-fault.ts'
import { NATS_LIMITS } from './limits.ts'
import type { Link } from './link.ts'
import { Publisher, type Publication } from './publisher.ts'
import type { StreamConfig } from './stream-config.ts'
import { StreamConsumer, type ConsumerConfig } from './stream-consumer.ts'
import { checkServers, checkStream, foundOrMade } from './stream-setup.ts'
import { StreamWatch, type StreamEvents, type StreamTrouble } from './stream-watch.ts'

export type { Publication } from './publisher.ts'

export interface StreamOptions {
  /** `host:port` of the monitoring port of each server: the only place where it says whether it syncs. */
  readonly monitor?: readonly string[]
  /** Milliseconds that a broker has to get ready. */
  readonly patience?: number
  readonly signal?: AbortSignal
}

interface Opening extends StreamOptions {
  readonly link: Link
  readonly clock: Clock
  readonly config: StreamConfig
  readonly events?: StreamEvents
}

/** Messages that the broker keeps for whoever takes them. */
export class DurableStream {
  readonly name: string
  readonly #opening: Opening
  readonly #manager: JetStreamManager
  readonly #publisher: Publisher
  readonly #watch: StreamWatch

  private constructor(opening: Opening, manager: JetStreamManager, watch: StreamWatch) {
    this.name = opening.config.name
    this.#opening = opening
    this.#manager = manager
    this.#watch = watch
    this.#publisher = new Publisher(opening.link, this.name, () => watch.doubt())
  }

  /** `NatsBus.stream` */
  static async open(opening: Opening): Promise<DurableStream> {
    const { link, clock, config, monitor = [], events = {} } = opening
    const { signal = new AbortController().signal } = opening
    const { connection } = link
    const unverified = await checkServers({ link, config, monitor }, signal)
    const manager = await connection.jetstreamManager({ checkAPI: false, timeout: NATS_LIMITS.question })
    const place = { link, manager, config, monitor }
    const { config: returned, created } = await untilReady(opening, () => foundOrMade(place))
    checkStream(config, returned)
    return new DurableStream(
      opening,
      manager,
      new StreamWatch({ ...place, clock, events, created, unverified }),
    )
  }

  /** What could not be verified of it, in words for the operator. */
  get unverified(): string | undefined {
    return this.#watch.unverified
  }

  /** What is wrong with it now; undefined while it is well. One that is gone is made again. Costs nothing to ask. */
  get trouble(): StreamTrouble | undefined {
    return this.#watch.trouble
  }

  /** Has it looked at whether the stream is there, because something that should be in it is not to be had. */
  doubt(): void {
    this.#watch.doubt()
  }

  /**
   * Fulfilled when the stream has it: where it is synced, it survives a power cut. Many may be on their way at once; who comes when it is
   * too many waits. Rejects with BrokerError (`full`, `unavailable`), at once where nobody would answer; then it may be there all the same,
   * and is there only once if it is published again with its id.
   */
  publish(publication: Publication): Promise<void> {
    return this.#publisher.publish(publication)
  }

  /** Those who take with the same name share what comes. */
  async consumer(config: ConsumerConfig): Promise<StreamConsumer> {
    const { link, clock } = this.#opening
    const doubt = (): void => this.#watch.doubt()
    const of = { link, clock, manager: this.#manager, stream: this.name, config, doubt }
    const consumer = await untilReady(this.#opening, () => StreamConsumer.open(of))
    this.#watch.restore(() => consumer.restore())
    return consumer
  }

  /** Messages in it now. */
  async count(): Promise<number> {
    const { state } = await this.#manager.streams.info(this.name)
    return state.messages
  }

  /** When the oldest message came that is in it now, milliseconds since the epoch; undefined when there is none. Rejects with BrokerError. */
  async oldest(): Promise<number | undefined> {
    try {
      const { state } = await this.#manager.streams.info(this.name)
      return state.messages === 0 ? undefined : Date.parse(state.first_ts)
    } catch (error) {
      throw publishFault(error)
    }
  }
}

/** Again and again while a cluster gets ready. */
async function untilReady<T>(opening: Opening, work: () => Promise<T>): Promise<T> {
  const { clock, config, patience = NATS_LIMITS.boot, signal = new AbortController().signal } = opening
  const deadline = clock.elapsed() + patience
  for (;;) {
    try {
      return await work()
    } catch (cause) {
      const final = finalFault(cause, config.name)
      if (final !== undefined) throw final
      if (clock.elapsed() >= deadline)
        throw new BrokerError(
          'unavailable',
          `the stream ${config.name} is not to be had: ${(cause as Error).message}`,
          {
            cause,
            remedy: 'look whether JetStream is on, and whether more than half of the servers run',
          },
        )
      await pause(clock, NATS_LIMITS.retry, signal)
      signal.throwIfAborted()
    }
  }
}
