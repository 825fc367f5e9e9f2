/** What bounds a mailstore. Every adapter takes other values; the compliance suite uses small ones. */
export interface MailStoreLimits {
  /** Octets of a mailbox name in UTF-8: a LIST line stays one line, and an index key small. */
  readonly nameOctets: number
  /** Levels of a mailbox name: renaming and deleting walk the levels. */
  readonly nameLevels: number
  /** Mailboxes of an account, noSelect names included: CREATE in a loop must not fill the disk. */
  readonly mailboxesPerAccount: number
  /** Subscribed names of an account: names outlive mailboxes, so their number is not bounded by the mailboxes. */
  readonly subscriptionsPerAccount: number
  /** Keywords of a mailbox: FLAGS and PERMANENTFLAGS list them all at every SELECT. */
  readonly keywordsPerMailbox: number
  /** Octets of one keyword: RFC 9051 has no limit, and a message may carry many. */
  readonly keywordOctets: number
  /** Expunged uids remembered in a mailbox: a session or an offline client catches up exactly this far back. */
  readonly rememberedExpunges: number
  /** The last uid: an unsigned 32-bit number that is not zero. */
  readonly lastUid: number
  /** Milliseconds for which an idempotency key is kept: longer than any queue retries a delivery. */
  readonly keyLifetime: number
}

export const defaultLimits: MailStoreLimits = {
  nameOctets: 1024,
  nameLevels: 32,
  mailboxesPerAccount: 10_000,
  subscriptionsPerAccount: 20_000,
  keywordsPerMailbox: 100,
  keywordOctets: 128,
  rememberedExpunges: 10_000,
  // RFC 9051 §2.3.1.1
  lastUid: 4_294_967_295,
  keyLifetime: 8 * 24 * 60 * 60 * 1000,
}
