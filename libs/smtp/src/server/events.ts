import type { Fault } from '../reply-error.ts'
import type { Reply } from '../reply.ts'

/** How a connection came to its end. */
export type Ending =
  /** The client said QUIT. */
  | 'quit'
  /** We left because the process leaves. */
  | 'drained'
  /** The connection was turned around, and is another machine's (RFC 2645 §5.3). */
  | 'turned'
  /** The client was silent for too long. */
  | 'timedOut'
  /** We closed because of what the client did. */
  | 'dismissed'
  /** The connection broke. */
  | 'lost'

/** What happened in a conversation. Protocol rooms know no logger: who drives the machine logs and counts. */
export type SmtpEvent =
  /**
   * The client was refused something, by the grammar or by the session. `reason` is for the log, `reply` is what it was
   * told; `verb` is what it had said, as far as that was readable.
   */
  | {
      readonly kind: 'refused'
      readonly verb: string
      readonly reply: Reply
      readonly reason: string
      readonly fault: Fault
    }
  /** The session threw what is not a ReplyError; the client was told 451. */
  | { readonly kind: 'bug'; readonly during: string; readonly error: unknown }
  /** The session took responsibility for a message (or refused it: see the reply); in LMTP, for one recipient each. */
  | { readonly kind: 'message'; readonly octets: number; readonly recipients: number; readonly reply: Reply }
  | { readonly kind: 'authenticated'; readonly mechanism: string; readonly account: string }
  | {
      readonly kind: 'authenticationFailed'
      readonly mechanism: string
      readonly reason: 'credentials' | 'malformed' | 'unavailable' | 'cancelled' | 'refused'
      readonly login?: string
      readonly cause?: unknown
    }
  | { readonly kind: 'closed'; readonly how: Ending }
