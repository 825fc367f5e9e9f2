/** What a server bears with. Each has a default and a reason; change what your peers need. */
export interface SmtpServerLimits {
  /** Octets of a message; 0 is no limit. */
  readonly messageSize: number
  /** Octets that are read and thrown away behind a message that is too big, before the connection is closed. */
  readonly discarded: number
  /** Octets of a command line with its CRLF. */
  readonly commandLine: number
  /** Octets of a line of an authentication exchange with its CRLF. */
  readonly authLine: number
  /** Recipients of a message; as many again are answered 452 before the client is sent away. */
  readonly recipients: number
  /** Permanently refused recipients in one connection. */
  readonly refusedRecipients: number
  /** Commands in one connection that were none, or out of place. */
  readonly errors: number
  /** Commands that get no mail anywhere (NOOP, VRFY, …) since the last message. */
  readonly junk: number
  readonly authFailures: number
  /** Milliseconds to wait for a command. */
  readonly commandPatience: number
  /** Milliseconds to wait for more of a message. */
  readonly dataPatience: number
  /** Milliseconds to wait for more of an authentication exchange. */
  readonly authPatience: number
}

export const DEFAULT_LIMITS: SmtpServerLimits = {
  // What large providers accept, base64 included.
  messageSize: 50 * 1024 * 1024,
  // A client that has not asked for SIZE gets to its end of data and hears why; one that floods does not.
  discarded: 256 * 1024 * 1024,
  // RFC 5321 §4.5.3.1.4 has 512; extensions add to it (RFC 6531 §3.4, RFC 3461 §5, RFC 4954 §3), addresses may be long.
  commandLine: 2048,
  // RFC 4954 §4
  authLine: 12_288,
  // RFC 5321 §4.5.3.1.8 asks for 100 at least.
  recipients: 1000,
  // Address harvesting, not a mailing list with some old members.
  refusedRecipients: 100,
  // RFC 5321 §4.3.2 lets a server close; nobody says twenty wrong things in good faith.
  errors: 20,
  // Connection pools that keep warm with NOOP stay well below.
  junk: 100,
  // RFC 4954 §9
  authFailures: 3,
  // RFC 5321 §4.5.3.2.7
  commandPatience: 300_000,
  // RFC 5321 §4.5.3.2.5
  dataPatience: 180_000,
  authPatience: 120_000,
}
