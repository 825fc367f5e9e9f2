/** How the spool over Postgres waits and gathers. Times in milliseconds. */
export const POSTGRES_SPOOL_LIMITS = {
  /** A router reads a directory, and is done with a batch in a second; whoever is not has died. */
  arrivalLease: 5 * 60_000,
  /** Whoever delivers to a mailbox needs milliseconds, and a mailstore that is restarted is back within minutes. */
  localLease: 10 * 60_000,
  /** Arrivals and local deliveries are looked for so often by whoever waits for them: what lost news cost. */
  lookAgain: 1_000,
  /** Destinations that something is due for are looked for so often: what lost news cost. */
  lookForDue: 5_000,
  /** Overdue mail is passed once; that of somebody else's attempt that came to nothing is found by looking from the beginning. */
  lookFromBeginning: 5 * 60_000,
  /** What is written in this time may be due before it is seen: clocks differ, and transactions last. */
  overlap: 60_000,
  /** News of others within this time are one. */
  mergeNews: 5,
  /** A database that is away is asked again after this, then after twice that, up to `longestBackOff`. */
  firstBackOff: 250,
  longestBackOff: 10_000,
  /** Counters are added up, dead letters forgotten and what waits looked up so often. */
  upkeep: 5_000,
  /** Octets of an index of a message that goes with its row; a longer one is made anew of the content. */
  indexOctets: 4_096,
  /** Messages in one transaction: what waits behind it waits some hundred milliseconds. */
  together: 500,
  /** What is leased as it is written, and waits for who works here: more than that would be idle while others have nothing to do. */
  atHand: 1_000,
  /** Deliveries changed at once: each portion is one transaction, behind which others wait. */
  portion: 500,
  /** Rows looked at in one statement, whatever is found. */
  budget: 20_000,
  /** Destinations that are remembered as told; above this all are forgotten, and told again. */
  told: 100_000,
} as const
