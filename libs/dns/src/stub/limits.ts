/** How long and how much; all times in milliseconds. */
export interface StubLimits {
  /** For one server to answer, TCP after UDP included; then the next one is asked. A lost datagram costs this much. */
  readonly tryMs: number
  /** Times that a server which stays silent is asked. */
  readonly rounds: number
  /** For an answer, whatever there is to ask. A recursive server gives up after about ten seconds; its SERVFAIL is worth the wait. */
  readonly totalMs: number
  /** CNAMEs between a name and its records. Recursive servers follow no more than 11 to 17. */
  readonly aliases: number
  /** Questions with a socket open at once; others wait. Each costs a file descriptor and a port. */
  readonly open: number
  /** The longest that a found answer is kept, whatever its TTL: a domain that moves its mail must not wait for us. */
  readonly keepMs: number
  /** The longest that it is believed that there is nothing (RFC 2308 §5 advises one to three hours). */
  readonly keepNothingMs: number
  /** How long a failure is remembered, so that a thousand letters to a domain in trouble do not ask a thousand times. */
  // RFC 2308 §7.1
  readonly keepFailureMs: number
  /** Answers that are kept; the one that was not used for the longest time goes first. */
  readonly cached: number
  /** Octets of their packets, together. */
  readonly cachedOctets: number
}

export const DEFAULT_LIMITS: StubLimits = {
  tryMs: 3_000,
  rounds: 4,
  totalMs: 15_000,
  aliases: 11,
  open: 200,
  keepMs: 3_600_000,
  keepNothingMs: 3_600_000,
  keepFailureMs: 5_000,
  cached: 20_000,
  cachedOctets: 16 * 1024 * 1024,
}
