import type { AtrnRequest, ClientEnding, PeerFacts, Reply, SmtpErrand } from '@cartero/smtp/client'
import { replies } from '@cartero/smtp/client'
import type { Role } from '@cartero/wire'

export interface TurnErrandOptions {
  /** None: all that are ours there. */
  readonly domains: readonly string[]
  /** The provider has let us in, and is asked to turn the connection around. */
  asking(): void
  /** It does: who has the connection now. */
  turned(peer: PeerFacts): Role
}

/** Asks a provider for our mail, once. */
// RFC 2645 §5.2
export class TurnErrand implements SmtpErrand {
  readonly #on: TurnErrandOptions
  /** What is known of the provider; undefined until it has let us in. */
  peer: PeerFacts | undefined
  /** What it said to ATRN. */
  answer: Reply | undefined
  /** How the conversation ended in which we are the client. */
  ending: ClientEnding | undefined

  constructor(options: TurnErrandOptions) {
    this.#on = options
  }

  next(peer: PeerFacts): AtrnRequest | undefined {
    if (this.peer !== undefined) return undefined
    this.peer = peer
    this.#on.asking()
    return {
      command: { verb: 'ATRN', domains: this.#on.domains },
      heard: (reply) => {
        this.answer = reply
        return reply.code === replies.turning.code ? this.#on.turned(peer) : undefined
      },
    }
  }

  /** No message was given. */
  settled(): void {}

  closed(how: ClientEnding): void {
    this.ending = how
  }
}
