/** What a server bears with. Each has a default and a reason; change what your peers need. */
export interface SmtpServerLimits {
  /** Octets of a message; 0 is no limit. */
  readonly messageSize: number
  /** Octets of a refused message beyond its limit, or behind a command, that are read before the connection is closed. */
  readonly discarded: number
  /** Octets of a command line with its CRLF. */
  readonly commandLine: number
  /** Octets of a line of an authentication exchange with its CRLF. */
  readonly authLine: number
  /** Recipients of a message; as many again are answered 452 before the client is sent away. */
  readonly recipients: number
  /** Messages that may be begun in one connection. */
  readonly transactions: number
  /** Command lines in one connection, good ones too. */
  readonly commands: number
  /** Permanently refused recipients in one connection. */
  readonly refusedRecipients: number
  /** Commands in one connection that were none, or out of place. */
  readonly errors: number
  /** Errors and refused recipients that are answered at once; the answer to each further one waits for `errorDelay`. */
  readonly softErrors: number
  /** Milliseconds. */
  readonly errorDelay: number
  /** Commands that get no mail anywhere (NOOP, VRFY, …) since the last message. */
  readonly junk: number
  /** Domains that one ATRN may name; how long they may be, `commandLine` says. */
  readonly turnDomains: number
  readonly authFailures: number
  /** Milliseconds that the answer to the first failed authentication waits, to the second twice as long, and so on. */
  readonly authFailureDelay: number
  /** Milliseconds that clients have to show their haste; only where early talkers are refused. */
  readonly greetingDelay: number
  /** Milliseconds that a connection may last; a message that is being read then is read to its end. */
  readonly connectionDuration: number
  /** Milliseconds to wait for a command. */
  readonly commandPatience: number
  /** Milliseconds to wait for more of a message. */
  readonly dataPatience: number
  /** Milliseconds that the data of one message, or one chunk of it, may take, however busy the client is. */
  readonly dataDuration: number
  /** Milliseconds to wait for more of an authentication exchange. */
  readonly authPatience: number
}

export const DEFAULT_LIMITS: SmtpServerLimits = {
  // What large providers accept, base64 included.
  messageSize: 50 * 1024 * 1024,
  // A client that has not asked for SIZE gets to its end of data and hears why; one that floods does not.
  discarded: 256 * 1024 * 1024,
  // RFC 5321 §4.5.3.1.4 has 512; extensions add some 1800 to it, of which RFC 3865 §2 alone has 1007, RFC 3461 §3 and
  // RFC 4954 §3 500 each. Addresses may be longer, too.
  commandLine: 3072,
  // RFC 4954 §4
  authLine: 12_288,
  // RFC 5321 §4.5.3.1.8 asks for 100 at least.
  recipients: 1000,
  // Bulk senders reuse a connection; whoever has more comes back, and may find another server less busy.
  transactions: 10_000,
  // As many messages with a hundred recipients each: beyond it nobody is sending mail.
  commands: 1_000_000,
  // Address harvesting, not a mailing list with some old members.
  refusedRecipients: 100,
  // RFC 5321 §4.3.2 lets a server close; nobody says twenty wrong things in good faith.
  errors: 20,
  // Half of the errors that are borne with: a client that is merely wrong has stopped by then.
  softErrors: 10,
  // Guessing addresses is no longer worth the time; for every client this is far below its time-outs (RFC 5321 §4.5.3.2).
  errorDelay: 1000,
  // Connection pools that keep warm with NOOP stay well below.
  junk: 100,
  // Each is looked up; whoever has more asks for all of his by naming none (RFC 2645 §5.2.1).
  turnDomains: 100,
  // RFC 4954 §9
  authFailures: 3,
  // Who mistyped hardly notices; who guesses gets nowhere, on this connection at least.
  authFailureDelay: 1000,
  // Spam engines do not wait; the time-out of clients for a greeting is five minutes (RFC 5321 §4.5.3.2.1).
  greetingDelay: 2000,
  // Longer than the longest message takes; who has more to say comes again, to whatever was renewed here meanwhile.
  connectionDuration: 14_400_000,
  // RFC 5321 §4.5.3.2.7
  commandPatience: 300_000,
  // RFC 5321 §4.5.3.2.5
  dataPatience: 180_000,
  // The largest message over a line of 64 kbit/s, and some more.
  dataDuration: 7_200_000,
  authPatience: 120_000,
}
