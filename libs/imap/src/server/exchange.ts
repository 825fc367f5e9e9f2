import type { MaybePromise } from '@cartero/wire'
import type { CommandReader, Received } from './command-reader.ts'
import type { Done } from './command-row.ts'
import type { FullSession } from './session.ts'

/** What an exchange may do with the connection while it has the floor. */
export interface Floor {
  readonly reader: CommandReader
  /** Writes a line; `text` is ASCII without its line end. */
  say(text: string): void
  /** Asks the session; nothing else happens until the answer. */
  ask<T>(put: (session: FullSession) => MaybePromise<T>, then: (answer: T) => void): void
  /** Tells the client what changed in its mailbox. */
  tellUpdates(then: () => void): void
  /** Ends the exchange and the command. */
  finish(done: Done): void
  /** Ends it by the error's public face. */
  refuse(error: unknown): void
}

/** A command that goes on after its line: SASL, IDLE, APPEND's message. It has the floor until it finishes or refuses. */
export interface Exchange {
  /** It would be a loss to end the connection now. */
  readonly holdsMessage?: boolean
  begin(): void
  /** What the client sent; the reader says in which form it comes. */
  received(received: Received): void
  /** The session has news. */
  woken(): void
  /** A question was not answered. */
  failed(error: unknown): void
  /** The connection is gone or about to be: let go of what is held. */
  abandoned(): void
}
