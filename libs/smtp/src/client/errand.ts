import type { Mailbox } from '@cartero/syntax'
import type { Bytes, MaybePromise, Role, TlsFacts } from '@cartero/wire'
import type { Extension, Offer } from '../extensions.ts'
import type { DeliverBy } from '../parameters/mail-parameters.ts'
import type { RcptParameters } from '../parameters/rcpt-parameters.ts'
import type { ForwardPath, ReversePath } from '../path.ts'
import type { Reply } from '../reply.ts'
import type { AtrnCommand } from '../verb/atrn.ts'
import type { EtrnCommand } from '../verb/etrn.ts'
import type { LookUpCommand } from '../verb/look-up.ts'
import type { MailCommand } from '../verb/mail.ts'
import type { TextCommand } from '../verb/plain.ts'
import type { ProxiedClient } from '../verb/proxied.ts'
import { readHeader, type Content } from './content.ts'

export interface OutgoingRecipient {
  readonly path: ForwardPath
  /** Said to servers with DSN (RFC 3461); what becomes of them elsewhere is told by `RecipientOutcome.without`. */
  readonly parameters?: RcptParameters
}

/**
 * A message to be sent, with the recipients that share this connection. What needs an extension is said to a server that
 * offers it; what is done where it is not offered, stands with each.
 */
export interface OutgoingTransaction {
  /**
   * MAIL when absent. Where SOML or SAML is not offered, MAIL is said, since the mailbox is what both of them end in; SEND
   * fails there.
   */
  // RFC 821 §3.4
  readonly verb?: MailCommand['verb']
  readonly reversePath: ReversePath
  readonly recipients: readonly OutgoingRecipient[]
  /** Octets, as far as known; told to servers that ask for it, and compared with what they take. */
  readonly size?: number
  /**
   * `8bit`: octets above 127, in lines. `binary`: anything (RFC 3030 §3). Absent is `7bit`. A server that cannot take it
   * gets it converted, see `SmtpClientOptions.downgrade`.
   */
  readonly body?: '7bit' | '8bit' | 'binary'
  /** There are UTF-8 header fields in the message: a server without SMTPUTF8 gets them downgraded, or does not get it. */
  readonly smtpUtf8?: boolean
  /** How much of the message a notice gives back (RFC 3461 §4.3). */
  readonly return?: 'full' | 'headers'
  /** The sender's own name for the message (RFC 3461 §4.4). */
  readonly envelopeId?: string
  /**
   * Read when MAIL is planned, so that it may be a getter that counts down. Without DELIVERBY a message to be returned
   * fails, and one whose sender is to be notified goes on `without`.
   */
  // RFC 2852 §4
  readonly deliverBy?: DeliverBy
  /** Seconds to keep the message back, or until when, in milliseconds since the epoch. Without FUTURERELEASE it fails. */
  // RFC 4865 §4
  readonly holdFor?: number
  readonly holdUntil?: number
  /** -9 to 9 (RFC 6710). Not said without MT-PRIORITY. */
  readonly priority?: number
  /** Fails 5.7.30 where there is no TLS or no REQUIRETLS (RFC 8689 §4.2.1). That the certificate is right is the driver's affair. */
  readonly requireTls?: boolean
  /** Not said without NO-SOLICITING (RFC 3865 §2.5). */
  readonly solicitations?: readonly string[]
  /** Who submitted it (RFC 4954 §5); said to servers with AUTH. */
  readonly auth?: Mailbox | '<>'
  /** Where it came from, for the log of a server with XFORWARD. */
  readonly xforward?: ProxiedClient
  /**
   * The octets of the message. Whole if small; else asked for when the server wants them, once for each time that it is
   * sent: more often when its recipients are more than one transaction takes.
   */
  readonly content: Content
}

/** Something to ask the server instead of giving it a message. */
// RFC 5321 §3.5, RFC 1985 §5
export interface Inquiry {
  /** A control character in its text is said as a question mark. */
  readonly command: LookUpCommand | TextCommand | EtrnCommand
  /** The answer, whatever it is; does not come when the connection ends before. */
  heard(reply: Reply): void
}

/** Asks a provider for the mail of domains, and takes it as a server on the same connection. */
// RFC 2645 §5.2
export interface AtrnRequest {
  /** No domains: all that are ours. */
  readonly command: { readonly verb: AtrnCommand['verb']; readonly domains: readonly string[] }
  /**
   * The answer, whatever it is; does not come when the connection ends before, nor where the provider goes on to speak behind its
   * 250 although the next word is ours. After 250 the role has the connection, and the conversation is over: `closed` with
   * `turned`. Its machine hears `disconnected` once. Without a role the connection is closed. After anything else the errand is
   * asked for the next thing.
   */
  heard(reply: Reply): Role | undefined
}

/** Where in the conversation something was said. */
export type Stage =
  | 'greeting'
  | 'EHLO'
  | 'HELO'
  | 'LHLO'
  | 'STARTTLS'
  | 'XCLIENT'
  | 'AUTH'
  | 'XFORWARD'
  | 'MAIL'
  | 'RCPT'
  | 'DATA'
  | 'BDAT'
  | 'end of data'
  | 'RSET'
  | 'VRFY'
  | 'EXPN'
  | 'HELP'
  | 'NOOP'
  | 'ETRN'
  | 'ATRN'
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
  /**
   * The conversation ended before there was an answer: `early`, when the server cannot have taken the message; `late`, when all
   * of it was said and the server may have it, so that saying it again may make two.
   */
  // RFC 1047
  readonly cutOff?: 'early' | 'late'
  /**
   * Extensions that the recipient was to have and this server lacks; in outcomes `delivered` alone. For `DSN` and
   * `DELIVERBY` the sender may have to be told that the message was relayed where nobody answers for them.
   */
  // RFC 3461 §5.2.2, RFC 2852 §4
  readonly without?: readonly Extension[]
}

/** What is known of the server once it can be sent mail. */
export interface PeerFacts {
  /** Absent when it was said before TLS was started: nothing of that is believed (RFC 3207 §4.2). */
  readonly greeting?: Reply
  /** Its extensions; empty when it has none. */
  readonly offer: Offer
  readonly tls?: TlsFacts
  /** Messages that were settled in this connection. */
  readonly transactions: number
}

/** Why a conversation ended. */
export type ClientEnding =
  | { readonly kind: 'quit' }
  /** The server said 250 to ATRN: the errand's role has the connection. */
  | { readonly kind: 'turned' }
  /** It would not let us in (greeting, EHLO, STARTTLS, AUTH), or sent us away (421). */
  | { readonly kind: 'refused'; readonly stage: Stage; readonly reply: Reply; readonly by: 'peer' | 'us' }
  | { readonly kind: 'lost'; readonly stage: Stage; readonly reply: Reply }
  | { readonly kind: 'timedOut'; readonly stage: Stage; readonly reply: Reply }
  | { readonly kind: 'notUnderstood'; readonly stage: Stage; readonly reply: Reply }

/** What a client has to do: messages for one host, over one connection. */
export interface SmtpErrand {
  /**
   * The connection can take a message, or a question, and has nothing else to do. Undefined ends it with QUIT. A promise keeps it open
   * and idle, as a pool does; one that is fulfilled after `closed` was called is not heard, and its message is not
   * settled.
   */
  next(peer: PeerFacts): MaybePromise<OutgoingTransaction | Inquiry | AtrnRequest | undefined>
  /**
   * Others are under way, and one more could be said behind them: what is at hand now, without waiting. Undefined is
   * nothing; it is asked again when one of those is settled or the machine is woken, and `next` when all are.
   */
  more?(peer: PeerFacts): OutgoingTransaction | undefined
  /** Called exactly once for each transaction that was given, with one outcome a recipient, in their order. */
  settled(transaction: OutgoingTransaction, outcomes: readonly RecipientOutcome[]): void
  /** The last call. */
  closed?(how: ClientEnding): void
}

/** What the machine asks: the next message, or the header of one that has to be converted. */
export type SmtpClientQuestion =
  | { readonly kind: 'next'; readonly peer: PeerFacts }
  | { readonly kind: 'header'; readonly source: AsyncIterable<Bytes> }

export type SmtpClientAnswer = OutgoingTransaction | Inquiry | AtrnRequest | Buffer | undefined

/** Makes an errand the one that answers a machine's questions. */
export function serveErrand(
  errand: SmtpErrand,
): (question: SmtpClientQuestion) => MaybePromise<SmtpClientAnswer> {
  return (question) => (question.kind === 'next' ? errand.next(question.peer) : readHeader(question.source))
}
