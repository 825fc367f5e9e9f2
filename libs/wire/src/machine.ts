import type { Bytes, TlsFacts } from './facts.ts'

/** A value now, or a promise of it. Hot paths answer at once, so that no turn of the event loop is spent. */
export type MaybePromise<T> = T | Promise<T>

/**
 * What a protocol machine wants done, in order.
 *
 * - `send`: write these bytes; the machine keeps no reference to them.
 * - `ask`: put the question to the session. Nothing further is yielded until `answer()` or `fail()`. `attentive`: what the
 *   peer said meanwhile is received before the answer, since it may make the answer void.
 * - `stream`: write all of the source, with backpressure; nothing further is yielded until `streamed()` or `fail()`.
 * - `startTls`: everything received and not yet consumed is dropped, TLS starts, then `tlsStarted()` is called.
 * - `become`: another machine takes the connection over (role reversal, RFC 2645 §5.2).
 * - `pause`: say and read nothing for so long; what was sent before goes out first. A slow answer to what was wrong.
 *   A process that is leaving ends it early.
 * - `close`: flush and end the connection. Nothing is yielded after it.
 */
export type Output<Question> =
  | { readonly kind: 'send'; readonly bytes: Bytes }
  | { readonly kind: 'ask'; readonly question: Question; readonly attentive?: true }
  | { readonly kind: 'stream'; readonly source: AsyncIterable<Bytes> }
  | { readonly kind: 'startTls' }
  | { readonly kind: 'become'; readonly role: Role }
  | { readonly kind: 'pause'; readonly milliseconds: number }
  | { readonly kind: 'close' }

/** A machine together with what answers its questions: one side of a conversation, ready to be driven. */
export interface Role<Question = unknown, Answer = unknown> {
  readonly machine: ProtocolMachine<Question, Answer>
  decide(question: Question): MaybePromise<Answer>
}

/** How long the peer may stay silent in the present state, and the name of that limit for logs. */
export interface Patience {
  readonly milliseconds: number
  readonly waitingFor: string
  /** How long the state may last in all, however busy the peer is. Counted from when `waitingFor` was last something else. */
  readonly inAll?: number
}

/**
 * A protocol without I/O: bytes and answers go in, outputs come out. It has no clock, no socket and no promise.
 * The driver feeds it and takes outputs by `next()` until there is none.
 *
 * The machine copies whatever it keeps of `bytes` beyond the call that follows the next `next() === undefined`;
 * the driver never reuses a chunk's memory, so keeping a view is allowed.
 */
export interface ProtocolMachine<Question, Answer> {
  /**
   * Bytes from the peer, cut anywhere. None come while an `ask`, `stream` or `pause` is out; but the peer's first words,
   * when they came before those of the machine, are handed over at its end, before `answer()` or `next()`.
   */
  receive(bytes: Buffer): void
  /** The next thing to do, or undefined when the machine waits for the peer (or for an answer). */
  next(): Output<Question> | undefined
  /** The answer to the one outstanding `ask`. */
  answer(answer: Answer): void
  /** The outstanding `ask` or `stream` failed. The machine answers the peer by the error's public face. */
  fail(error: unknown): void
  /** The outstanding `stream` was written. */
  streamed(): void
  /** TLS is up; the protocol starts over as its RFC says. */
  tlsStarted(tls: TlsFacts): void
  /** The peer was silent longer than `patience`. */
  timedOut(): void
  /** The process is leaving: say goodbye at the next point where nothing is lost (RFC 5321 §3.8, 421). */
  drain(): void
  /**
   * The connection is gone. The machine yields nothing any more, but may still tell its session through `ask`s it
   * withdraws.
   */
  disconnected(): void
  /** Something the session knows of has changed (an IDLE update); the machine may now have output. */
  wake(): void
  readonly patience: Patience
  /** Milliseconds that the connection may last, whatever happens in it; then `outlived()` is called, once. */
  readonly lifetime?: number
  /** The connection has lasted for `lifetime`: say goodbye at the next point where nothing is lost. */
  outlived?(): void
}
