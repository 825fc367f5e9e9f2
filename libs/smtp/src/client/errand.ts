import type { SaslClientMechanism } from '@cartero/sasl'
import type { Bytes, MaybePromise, TlsFacts } from '@cartero/wire'
import type { Offer } from '../extensions.ts'
import type { ForwardPath, ReversePath } from '../path.ts'
import type { Reply } from '../reply.ts'

/** A message to be sent, with the recipients that share this connection. */
export interface OutgoingTransaction {
  readonly reversePath: ReversePath
  readonly recipients: readonly ForwardPath[]
  /** Octets, as far as known; told to servers that ask for it, and compared with what they take. */
  readonly size?: number
  /** There are octets above 127 in the message. */
  readonly eightBit?: boolean
  /** There are UTF-8 header fields in the message, so that only a SMTPUTF8 server may have it. */
  readonly smtpUtf8?: boolean
  /** The octets of the message. Whole if small; else asked for once, when the server wants them. */
  readonly content: Buffer | (() => AsyncIterable<Bytes>)
}

/** Where in the conversation something was said. */
export type Stage =
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'STARTTLS'
  | 'AUTH'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'end of data'
  | 'RSET'
  | 'QUIT'

/** What became of one recipient. */
export interface RecipientOutcome {
  readonly recipient: ForwardPath
  /** `delivered`: the server took responsibility. `deferred`: try again. `failed`: do not. */
  readonly kind: 'delivered' | 'deferred' | 'failed'
  /** The server's words, or what stands in for them. */
  readonly reply: Reply
  /** `peer` said it, or we had to conclude it ourselves. */
  readonly by: 'peer' | 'us'
  readonly stage: Stage
}

/** What is known of the server once it can be sent mail. */
export interface PeerFacts {
  readonly greeting: Reply
  /** Its extensions; empty when it has none. */
  readonly offer: Offer
  readonly tls?: TlsFacts
  /** Messages that it was given in this connection. */
  readonly transactions: number
}

/** Why a conversation ended. */
export type ClientEnding =
  | { readonly kind: 'quit' }
  /** It would not let us in (greeting, EHLO, STARTTLS, AUTH), or sent us away (421). */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply; readonly by: 'peer' | 'us' }
  | { readonly kind: 'lost'; readonly stage: Stage; readonly reply: Reply }
  | { readonly kind: 'timedOut'; readonly stage: Stage; readonly reply: Reply }
  | { readonly kind: 'notUnderstood'; readonly stage: Stage; readonly reply: Reply }

/** What a client has to do: messages for one host, over one connection. */
export interface SmtpErrand {
  /**
   * The connection can take a message. Undefined ends it with QUIT. A promise keeps it open and idle, as a pool does;
   * one that is fulfilled after `closed` was called is not heard, and its message is not settled.
   */
  next(peer: PeerFacts): MaybePromise<OutgoingTransaction | undefined>
  /** Called exactly once for each transaction that `next` gave, with one outcome a recipient, in their order. */
  settled(transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void
  /** The last call. */
  closed?(how: ClientEnding): void
}

/** The way to authenticate, chosen from the mechanisms that the server offers; undefined when there is none. */
export type ChooseMechanism = (
  offered: readonly string[],
  tls: TlsFacts | undefined,
) => { readonly name: string; readonly exchange: SaslClientMechanism } | undefined

/** What the machine asks. */
export interface SmtpClientQuestion {
  readonly kind: 'next'
  readonly peer: PeerFacts
}

export type SmtpClientAnswer = OutgoingTransaction | undefined

/** Makes an errand the one that answers a machine's questions. */
export function serveErrand(
  errand: SmtpErrand,
): (question: SmtpClientQuestion) => MaybePromise<SmtpClientAnswer> {
  return (question) => errand.next(question.peer)
}
