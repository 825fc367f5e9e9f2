import type { News, NewsBoard } from '../news.ts'
import type { Link } from './link.ts'

/** News over a broker, to all processes that hear. What is told while there is no connection is lost. */
export class NatsNews implements NewsBoard {
  readonly #link: Link

  constructor(link: Link) {
    this.#link = link
  }

  tell(subject: string, body: Uint8Array = new Uint8Array()): void {
    if (!this.#link.isConnected) return
    try {
      this.#link.connection.publish(subject, body)
    } catch {
      // It was closed this moment: news may be lost.
    }
  }

  hear(subject: string, listener: (news: News) => void, signal: AbortSignal): void {
    const { connection } = this.#link
    if (signal.aborted || connection.isClosed() || connection.isDraining()) return
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) listener({ subject: message.subject, body: message.data })
      },
    })
    signal.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
  }
}
