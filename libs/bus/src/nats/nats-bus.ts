import type { NatsConnection } from 'nats'
import { systemClock, type Clock } from '@cartero/wire'

import type { NewsBoard } from '../news.ts'
import { firstConnection, type ConnectingOptions } from './connecting.ts'
import { DurableStream, type StreamOptions } from './durable-stream.ts'
import { Link } from './link.ts'
import { NatsNews } from './nats-news.ts'
import type { StreamConfig } from './stream-config.ts'
import type { StreamEvents, StreamTrouble } from './stream-watch.ts'
import { withinLimit } from './within-limit.ts'

export interface NatsBusOptions extends ConnectingOptions {
  readonly clock?: Clock
  /** What happens to its streams, and to the buckets that are streams. */
  readonly events?: StreamEvents
  /** Who waits for the first connection may leave. */
  readonly signal?: AbortSignal
}

/** A connection to the broker, made again as long as it takes. */
export class NatsBus {
  readonly news: NewsBoard
  readonly #link: Link
  readonly #clock: Clock
  readonly #events: StreamEvents
  readonly #streams: DurableStream[] = []

  private constructor(link: Link, clock: Clock, events: StreamEvents) {
    this.#link = link
    this.#clock = clock
    this.#events = events
    this.news = new NatsNews(link)
  }

  /** Rejects with BrokerError, whose `remedy` is for the operator. Throws TypeError for a network without an identity. */
  static async open(options: NatsBusOptions): Promise<NatsBus> {
    const { clock = systemClock, events = {}, signal = new AbortController().signal } = options
    return new NatsBus(new Link(await firstConnection(options, clock, signal)), clock, events)
  }

  /** Whether there is a connection now. Costs nothing to ask. */
  get isConnected(): boolean {
    return this.#link.isConnected
  }

  /** For the files of this room. */
  get connection(): NatsConnection {
    return this.#link.connection
  }

  /** Calls back when the connection is lost (false), and when it is there again (true). Returns how to stop that. */
  onChange(listener: (isConnected: boolean) => void): () => void {
    return this.#link.hear(listener)
  }

  /**
   * A durable stream, made when it is not there, and checked: what the broker has must be what was asked for. Rejects with BrokerError:
   * `misconfigured` when it is not, `unavailable` when nobody answers for `patience`. One that is gone later is made again.
   */
  async stream(config: StreamConfig, options: StreamOptions = {}): Promise<DurableStream> {
    const kept = { link: this.#link, clock: this.#clock, events: this.#events }
    const stream = await DurableStream.open({ ...kept, config, ...options })
    this.#streams.push(stream)
    return stream
  }

  /** What is wrong with its streams now. Costs nothing to ask. */
  get troubles(): readonly StreamTrouble[] {
    return this.#streams.flatMap(({ trouble }) => trouble ?? [])
  }

  /** What was told before is sent first. Never rejects, and never takes longer than two seconds for each step. */
  async close(): Promise<void> {
    const { connection } = this.#link
    if (this.isConnected) await withinLimit(connection.drain(), this.#clock)
    await withinLimit(connection.close(), this.#clock)
  }
}
