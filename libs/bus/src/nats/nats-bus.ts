import { connect, type NatsConnection } from 'nats'

import type { AgentIdentity } from '../grpc/credentials.ts'
import { NatsNews } from './nats-news.ts'
import type { NewsBoard } from '../news.ts'

export interface NatsBusOptions {
  /** `host:port` of each server. */
  readonly servers: readonly string[]
  /** Certificate for mutual TLS; needed everywhere but on loopback. */
  readonly identity?: AgentIdentity
  /** Who this is, for the server's list of connections. */
  readonly name: string
}

/** A connection to the broker, made again as long as it takes. */
export class NatsBus {
  readonly news: NewsBoard
  readonly #connection: NatsConnection

  private constructor(connection: NatsConnection) {
    this.#connection = connection
    this.news = new NatsNews(connection)
  }

  static async open({ servers, name }: NatsBusOptions): Promise<NatsBus> {
    return new NatsBus(await connect({ servers: [...servers], name, maxReconnectAttempts: -1 }))
  }

  /** For the files of this room. */
  get connection(): NatsConnection {
    return this.#connection
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}
