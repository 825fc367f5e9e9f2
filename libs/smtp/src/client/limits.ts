/** How long a client waits for the answer to each thing it says, in milliseconds. */
// RFC 5321 §4.5.3.2: a sender must be patient, or it sends duplicates
export interface ClientPatience {
  /** RFC 5321 §4.5.3.2.1 */
  readonly greeting: number
  /** EHLO, HELO, STARTTLS, AUTH, RSET. */
  readonly command: number
  /** RFC 5321 §4.5.3.2.2 */
  readonly mail: number
  /** RFC 5321 §4.5.3.2.3 */
  readonly rcpt: number
  /** RFC 5321 §4.5.3.2.4 */
  readonly data: number
  /** RFC 5321 §4.5.3.2.5 */
  readonly block: number
  /** RFC 5321 §4.5.3.2.6: the server is storing the message; giving up now makes a duplicate */
  readonly endOfData: number
  /** Nothing is lost when the answer to QUIT does not come. */
  readonly quit: number
}

export const DEFAULT_PATIENCE: ClientPatience = {
  greeting: 300_000,
  command: 300_000,
  mail: 300_000,
  rcpt: 300_000,
  data: 120_000,
  block: 180_000,
  endOfData: 600_000,
  quit: 10_000,
}
