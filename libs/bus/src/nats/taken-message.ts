import { nanos, type Msg } from 'nats'

/** Where the broker writes, into the subject of the answer, how often it has given this out: without a domain, and with one (ADR-15 of NATS). */
const DELIVERED = { short: 4, long: 6 } as const
const SHORT_WORDS = 9

/** A message that is ours until we say what became of it, or are silent for too long. What is said is said once. */
export class TakenMessage {
  readonly body: Uint8Array
  readonly subject: string
  readonly #message: Msg
  #isSettled = false

  constructor(message: Msg) {
    this.#message = message
    this.body = message.data
    this.subject = message.subject
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  /** How often it was given out, with this time. */
  get deliveries(): number {
    const words = this.#message.reply?.split('.') ?? []
    return Number(words[words.length <= SHORT_WORDS ? DELIVERED.short : DELIVERED.long] ?? 1)
  }

  /** It is done with, and leaves a stream that keeps `untilTaken`. */
  done(): void {
    this.#settle('+ACK')
  }

  /** @param delay milliseconds; somebody gets it again then */
  handBack(delay = 0): void {
    this.#settle(delay > 0 ? `-NAK ${JSON.stringify({ delay: nanos(delay) })}` : '-NAK')
  }

  /** Nobody gets it again, and it leaves a stream that keeps `untilTaken`. */
  discard(reason: string): void {
    this.#settle(`+TERM ${reason}`)
  }

  /** It takes longer. */
  working(): void {
    if (!this.#isSettled) this.#say('+WPI')
  }

  #settle(words: string): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#say(words)
  }

  #say(words: string): void {
    try {
      this.#message.respond(words)
    } catch {
      // The connection is closed: it comes again, and whoever takes it knows it.
    }
  }
}
