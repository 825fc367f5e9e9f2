import type { SmtpCommand, Verb } from '../../command.ts'
import type { Extension } from '../../extensions.ts'
import type { Reply } from '../../reply.ts'
import type { Dialogue } from '../dialogue.ts'
import type { Protocol } from '../options.ts'
import type { SmtpQuestion } from '../question.ts'
import type { Verdict } from '../session.ts'

/**
 * One verb: its policy bits, and its three beats. *Check* is grammar and order and has no effect; *decide* is a
 * question to the session; *proceed* is the effect. A verb without a question proceeds at once.
 */
export interface VerbRow<Command extends SmtpCommand = SmtpCommand> {
  readonly verb: Verb
  /** Unknown in the other protocols (RFC 2033 §4.1). */
  readonly only?: readonly Protocol[]
  /** Spoken in ODMR, too, where everything else is answered 502 (RFC 2645 §5.4). */
  readonly inOdmr?: true
  /** Allowed where TLS is required and not yet started (RFC 3207 §4). */
  readonly beforeTls: boolean
  /** Only after HELO or EHLO (RFC 5321 §4.1.4). */
  readonly needsHelo: boolean
  /** Only where authentication was done, if it is required (RFC 6409 §4.3); or `always` (RFC 2645 §5.2.1). */
  readonly needsAuth: boolean | 'always'
  /** Only under TLS, whether or not TLS is required. */
  readonly needsTls?: true
  /** Only after MAIL (RFC 5321 §4.1.4). */
  readonly needsTransaction: boolean
  /**
   * What becomes of bytes that came with it although it must be the last of its group (RFC 2920 §3.1): `read` as
   * commands, because no harm is in it; `drop`; or `refuse` and close, because they may be somebody's message.
   */
  readonly pipelinedBehind: 'read' | 'drop' | 'refuse'
  /** Gets no mail anywhere: counted, so that nobody holds a connection with it. */
  readonly countsAsJunk: boolean
  /**
   * How many octets behind the line are none of its commands, even where it is refused; undefined when that cannot be told,
   * and so nothing that follows can be.
   */
  octetsBehind?(line: Buffer): number | undefined
  /** The reply when this verb is not to be had in this conversation; HELP does not name it then. Asked before the grammar. */
  available?(dialogue: Dialogue): Reply | undefined
  /** Order beyond what the bits say. Throws ReplyError. */
  check?(dialogue: Dialogue, command: Command): void
  /** What the session is asked. */
  question?(dialogue: Dialogue, command: Command): SmtpQuestion | undefined
  /** A refusal by the session has been answered already, so the verdict is undefined or a positive reply. */
  proceed(dialogue: Dialogue, command: Command, verdict: Verdict): void
  /** Tells the client what the session refused it, where that is not said at once or not in these words. */
  sayRefused?(dialogue: Dialogue, command: Command, verdict: Reply): void
  /** Counts what the session refused; the client has been told already. */
  countRefused?(dialogue: Dialogue, verdict: Reply): void
  /** Its form, without parameters. */
  readonly help: string
  /** The parameters that it may have, for HELP. */
  readonly parameters?: readonly { readonly keyword: string; readonly extension: Extension }[]
  readonly rfc: string
}
