import type { NatsConnection } from 'nats'

import type { News, NewsBoard } from '../news.ts'

/** News over a broker, to all processes that hear. */
export class NatsNews implements NewsBoard {
  readonly #connection: NatsConnection

  constructor(connection: NatsConnection) {
    this.#connection = connection
  }

  tell(subject: string, body: Uint8Array = new Uint8Array()): void {
    if (!this.#connection.isClosed()) this.#connection.publish(subject, body)
  }

  hear(subject: string, listener: (news: News) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) listener({ subject: message.subject, body: message.data })
      },
    })
    signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
  }
}
