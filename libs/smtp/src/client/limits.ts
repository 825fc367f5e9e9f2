/** How long a client waits for the answer to each thing it says, in milliseconds. */
// RFC 5321 §4.5.3.2: a sender must be patient, or it sends duplicates
export interface ClientPatience {
  /** RFC 5321 §4.5.3.2.1 */
  readonly greeting: number
  /** EHLO, HELO, STARTTLS, AUTH, RSET and the like. */
  readonly command: number
  /** The provider looks for the mail meanwhile: ten minutes at least (RFC 2645 §5.2.1). */
  readonly atrn: number
  /** RFC 5321 §4.5.3.2.2 */
  readonly mail: number
  /** RFC 5321 §4.5.3.2.3 */
  readonly rcpt: number
  /** RFC 5321 §4.5.3.2.4 */
  readonly data: number
  /** RFC 5321 §4.5.3.2.5; and the answer to a chunk that is not the last, which is the same thing done in BDAT. */
  readonly block: number
  /** RFC 5321 §4.5.3.2.6: the server is storing the message; giving up now makes a duplicate */
  readonly endOfData: number
  /** Nothing is lost when the answer to QUIT does not come. */
  readonly quit: number
}

export const DEFAULT_PATIENCE: ClientPatience = {
  greeting: 300_000,
  command: 300_000,
  atrn: 600_000,
  mail: 300_000,
  rcpt: 300_000,
  data: 120_000,
  block: 180_000,
  endOfData: 600_000,
  quit: 10_000,
}

/** Octets of a command line without its CRLF, as every server takes it; what makes a line longer is said otherwise. */
// RFC 5321 §4.5.3.1.4
export const COMMAND_LINE_OCTETS = 510

/** How far a client goes ahead of the answers. */
export interface ClientLimits {
  /** Messages said and not yet answered. */
  readonly transactionsInFlight: number
  /** Commands said and not yet answered. */
  readonly commandsInFlight: number
  /** Octets of a chunk, for messages that are read while they are sent. */
  readonly chunk: number
  /** Chunks of a message said and not yet answered. */
  readonly chunksInFlight: number
  /** Octets of a message that are sent in BDAT before its recipients are known to be accepted. */
  readonly unbidden: number
}

export const DEFAULT_LIMITS: ClientLimits = {
  // One is being stored while the next is said. Each more may be one more duplicate when the connection breaks (RFC 1047).
  transactionsInFlight: 2,
  // Answers of 512 octets (RFC 5321 §4.5.3.1.5) fit what a connection of ours holds back, or both sides wait for ever (RFC 2920 §3.1).
  commandsInFlight: 500,
  // Held in memory for each connection, because a chunk says its size before its octets.
  chunk: 256 * 1024,
  // 4 MB on the way: what a fast line of 200 ms carries.
  chunksInFlight: 16,
  // What a TCP connection sends without a round trip once it is warm; most messages are smaller.
  unbidden: 64 * 1024,
}
