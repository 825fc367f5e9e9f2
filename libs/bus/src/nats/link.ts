import { createInbox, Events, type ConnectionOptions, type NatsConnection } from 'nats'

import { BrokerError } from './broker-error.ts'

/** It has this, and does not say so in its type. */
type Connection = NatsConnection & { readonly options: ConnectionOptions }

/** A connection, and whether it is one at the moment. */
export class Link {
  readonly connection: NatsConnection
  readonly #listeners = new Set<(isConnected: boolean) => void>()
  #isConnected = true

  constructor(connection: NatsConnection) {
    this.connection = connection
    void this.#watch()
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.connection.isClosed()
  }

  /** What to throw while there is none. */
  get absence(): BrokerError {
    return new BrokerError('unavailable', 'the broker is not connected')
  }

  /** A subject for answers that nobody else has. */
  inbox(): string {
    return createInbox((this.connection as Connection).options.inboxPrefix)
  }

  /** Calls back when the connection is lost, and when it is there again. Returns how to stop that. */
  hear(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === Events.Disconnect) this.#turn(false)
      if (type === Events.Reconnect) this.#turn(true)
    }
    this.#turn(false)
  }

  #turn(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return
    this.#isConnected = isConnected
    for (const listener of this.#listeners) listener(isConnected)
  }
}
