import type { SaslServerMechanism } from '@cartero/sasl'
import type { Domain } from '@cartero/syntax'
import type { MaybePromise, Role, TlsFacts } from '@cartero/wire'
import type { Reply } from '../reply.ts'
import type { QueueNode } from '../verb/etrn.ts'
import type { GreetingCommand } from '../verb/greeting.ts'
import type { MailCommand } from '../verb/mail.ts'
import type { ProxiedClient } from '../verb/proxied.ts'
import type { RcptCommand } from '../verb/rcpt.ts'
import type { Ending } from './events.ts'

/** Undefined accepts with the usual words; a 2yz reply accepts with these words; a 4yz or 5yz reply refuses. */
export type Verdict = Reply | undefined

/**
 * What a server does with mail. One session object lives as long as its connection.
 *
 * To refuse, return a 4yz or 5yz reply or throw ReplyError, which also tells the log why. Whatever else is thrown is
 * a bug: the client is told 451 and the machine's observer hears of it. Methods answer at once when they can: promises
 * cost a turn of the event loop each. The machine never asks two things at a time.
 */
export interface SmtpSession {
  /**
   * What is done for messages beyond taking them. Asked at each EHLO, and again by a MAIL whose parameters have a limit
   * here. Nothing, when it is absent.
   */
  honours?(): Honours
  /** The client has connected. A 421 closes; another refusal answers 503 to everything but QUIT (RFC 5321 §3.1). */
  greeting?(): MaybePromise<Verdict>
  /** HELO or EHLO; comes again after STARTTLS and whenever the client likes. */
  helo?(client: GreetingCommand): MaybePromise<Verdict>
  /** TLS is up, and all that the client said before is forgotten (RFC 3207 §4.2). */
  tlsStarted?(tls: TlsFacts): void
  /** A transaction begins. */
  mail(command: MailCommand): MaybePromise<Verdict>
  /** One recipient more. */
  rcpt(command: RcptCommand): MaybePromise<Verdict>
  /** Before 354, or before the first chunk: the last chance to refuse without having read the message. */
  data(): MaybePromise<Verdict>
  /** Octets of the message, dots removed. The session may keep them. A promise holds the client back. */
  body(octets: Buffer): MaybePromise<void>
  /**
   * The message is complete. A 2yz reply takes responsibility for it (RFC 5321 §6.1). The transaction is over
   * whatever the reply; `reset` does not follow. When the connection breaks meanwhile, the message stands or falls
   * by what this method does (RFC 1047).
   */
  endOfData(): MaybePromise<Reply>
  /** The transaction is off: forget it. Not called when there is none, nor when `endOfData` was asked. */
  reset(): void
  /** The connection is over; the last call. A transaction was `reset` before. */
  closed?(how: Ending): void
}

/**
 * What the session and the queue behind it do for a message. An extension is offered, and its parameters are
 * understood, if and only if what it promises is here.
 */
export interface Honours {
  /** RET, ENVID, NOTIFY and ORCPT are carried on, and notices are written (RFC 3461). */
  readonly dsn?: true
  /** Messages of any octets, NUL and bare CR and LF among them, are stored as they are (RFC 3030 §3). */
  readonly binary?: true
  /** The shortest time in seconds that may be asked for; 0 for any (RFC 2852 §3). */
  readonly deliverBy?: { readonly minimum: number }
  /** The longest wait: in seconds, and as milliseconds since the epoch (RFC 4865 §3). */
  readonly futureRelease?: { readonly seconds: number; readonly until: number }
  /** Urgent messages go first (RFC 6710). */
  readonly priority?: true
  /** A message that must not leave TLS does not (RFC 8689). Offered under TLS only. */
  readonly requireTls?: true
  /** Kinds of solicitation that are refused, as keywords; may be empty (RFC 3865 §2). */
  readonly solicitations?: readonly string[]
  /** SEND, SOML and SAML reach a terminal (RFC 821 §3.4); the session sees them as `mail` with that verb. */
  readonly terminals?: true
}

/**
 * Capability: a trusted proxy may say whom it speaks for. When that is accepted, the conversation starts over as if he had
 * connected: `greeting` is asked again, and a login that was said counts as authenticated.
 */
export interface XclientSession {
  xclient(client: ProxiedClient): MaybePromise<Verdict>
}

/**
 * Capability: a trusted filter may say where a message came from, for the log. It is said in portions, each with some
 * of the attributes, and holds for the next transaction only.
 */
export interface XforwardSession {
  xforward(client: ProxiedClient): MaybePromise<Verdict>
}

/** Capability: messages are delivered at once, to each recipient with an outcome of his own, as LMTP needs. */
// RFC 2033 §4.2
export interface LmtpSession {
  /** As `endOfData`, with one reply for each recipient that was accepted, in their order. */
  endOfDataForEach(): MaybePromise<readonly Reply[]>
}

/** Capability: clients can authenticate. */
// RFC 4954
export interface AuthSession {
  /** Names of the mechanisms on offer, in upper case, best first. None: AUTH is not advertised now. */
  mechanisms(tls: TlsFacts | undefined): readonly string[]
  /** Begins an exchange by one of these. */
  start(mechanism: string): SaslServerMechanism
  /** The client has proved to be `account`. Refusing means that this account may not be used here. */
  authenticated?(account: string, mechanism: string): MaybePromise<Verdict>
}

/** Capability: VRFY is answered. Return `replies.verified(…)` or a refusal; the text may be UTF-8 (RFC 6531 §3.7.4.2). */
// RFC 5321 §3.5
export interface VerifySession {
  verify(text: string): MaybePromise<Reply>
}

/** Capability: EXPN is answered. Return `replies.expanded(…)` or a refusal; the text may be UTF-8 (RFC 6531 §3.7.4.2). */
// RFC 5321 §3.5
export interface ExpandSession {
  expand(text: string): MaybePromise<Reply>
}

/**
 * Capability: who has connected may ask for a queue to be tried now. Answer `replies.queueStarted` (250), `queueEmpty` (251),
 * `someQueued` (252), `countQueued` (253), `queueNotStarted` (458) or `nodeNotAllowed` (459).
 */
// RFC 1985
export interface EtrnSession {
  etrn(node: QueueNode): MaybePromise<Reply>
}

/** The connection is turned around: after the reply, `role` has it, and the session is `closed` as `turned`. */
export interface Reversal {
  /** `replies.turning`, or these words in others (250). */
  readonly reply: Reply
  /**
   * Begins to be driven when the reply was said. Its machine hears `disconnected` once, also where nothing comes of the turn:
   * the client has spoken out of turn or is gone, or the process leaves.
   */
  readonly role: Role
}

/** Capability: mail waits here for clients who have proved who they are, and who then take it as servers. */
// RFC 2645 §5.2
export interface TurnSession {
  /**
   * Asked after a login and outside of transactions. No domains: all that are the client's. TURN (RFC 821 §3.8) names none.
   * Else the reply is `replies.turnRefused` (450), `turnTooSoon`, `turnUnderWay` (451), `cannotTurnNow` or `noMailWaiting` (453).
   * @param signal aborts when nobody will hear the answer; a reversal that comes all the same is told `disconnected`
   */
  turn(domains: readonly Domain[], by: 'ATRN' | 'TURN', signal: AbortSignal): MaybePromise<Reply | Reversal>
  /** TURN is answered, which names no domains (RFC 821 §3.8): 502 otherwise. Asked under TLS and after a login only. */
  isTurnAllowed?: boolean
}

/** What a session may be able to do beyond the rest; it may come and go with who is known to be at the other end. */
export type SessionCapabilities = Possible<
  AuthSession &
    VerifySession &
    ExpandSession &
    XclientSession &
    XforwardSession &
    LmtpSession &
    EtrnSession &
    TurnSession
>

type Possible<Capability> = { [name in keyof Capability]?: Capability[name] | undefined }

export type ServedSession = SmtpSession & SessionCapabilities

/** The session's AUTH side, if it has one. */
export function authSessionOf(session: ServedSession): AuthSession | undefined {
  return session.mechanisms !== undefined && session.start !== undefined
    ? (session as AuthSession)
    : undefined
}
