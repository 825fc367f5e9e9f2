/** What a spool over a network keeps at hand, and how long it waits. Times in milliseconds. */
export const REMOTE_SPOOL_LIMITS = {
  /** Batches that a loop has at hand or under way besides what it has given out: it never waits for the way there and back. */
  ahead: 2,
  /** Deliveries of a batch, whatever is asked for: what one caller may hold is bounded, and what his end gives back. */
  batch: 1_000,
  /** Octets of deliveries that go in one message; one more may begin within. Well below what a message of the bus may have. */
  batchOctets: 1024 * 1024,
  /** Octets of a message that is submitted, up to which it is handed over whole: the spool stores many of those together. */
  inline: 256 * 1024,
  /** Octets that go in one piece of a larger one. */
  piece: 256 * 1024,
  /** Octets of a draft that wait to be sent before whoever writes has to wait. */
  unsent: 1024 * 1024,
  /** How long a commit may take: the disks of the spool, and a database that is busy. */
  commit: 30_000,
  /** A spool that has gone away is asked for leases again after that, */
  firstRetry: 100,
  /** and after that at most. */
  longestRetry: 5_000,
  /** Whoever was away and answers is back when a loop of leases has lasted so long, also when there is nothing to lease. */
  steady: 1_000,
  /**
   * A loop of leases lasts about so long and is then begun anew, wherever the connections of then lead: a server of the spool that came since
   * gets its share. In between the loop has nothing for the way there and back, which is nothing in minutes.
   */
  term: 300_000,
  /** Terms are longer or shorter by up to this part: loops that began together do not move together. */
  termSpread: 0.2,
  /** Leases lost with their stream whose holders have not said anything yet; of older ones nothing is told any more. */
  lost: 100_000,
  /** Content ids that go in one message. */
  references: 10_000,
} as const

/** Deadlines of questions that look at much, by procedure. */
export const SPOOL_DEADLINES = {
  // A filter that no index knows looks at the whole queue.
  Count: 60_000,
  List: 30_000,
  Urge: 30_000,
} as const
