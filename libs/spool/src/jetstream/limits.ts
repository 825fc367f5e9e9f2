/** What the way into the spool takes at most, unless it is said otherwise. */
export const INTAKE_LIMITS = {
  /** Octets of a content that goes with its envelope: with those of 1,000 recipients it stays below what the broker takes (1 MiB). */
  inline: 256 * 1024,
  /** Octets that all drafts of a process hold in memory; what is more goes to the content store, however small it is. */
  held: 64 * 1024 * 1024,
  /** Octets of what is handed over at once: below the `max_payload` of a broker that nobody has configured (1 MiB), with headers. */
  handover: 1_000_000,
  /** Messages handed over at once: what a spool takes in with one transaction. */
  together: 250,
  /**
   * Handovers on their way. Who comes while so many are shares the next one: the broker syncs one while it gets another, and a sync that
   * many share costs each of them less.
   */
  underway: 2,
  /**
   * Octets of the stream, which the broker reserves on each server (`max_file`): a quarter of an hour of 4 KB messages at 2,000 a second while
   * nobody takes them.
   */
  stream: 8 * 1024 * 1024 * 1024,
  /**
   * Milliseconds that something may wait to be taken in before nothing may be reclaimed any more: half of what content stores call young,
   * so that the time between a content and its handover does not matter.
   */
  untaken: 12 * 60 * 60 * 1000,
  /** Milliseconds that the broker knows what it was given, when an edge that has heard nothing gives it again. */
  duplicates: 120_000,
} as const

/** How much of the stream the spool takes in at once. */
export const TAKE_IN_LIMITS = {
  /** Messages of the stream, each a handover of one or more. */
  messages: 200,
  /** Octets of those: two such batches are in memory, one that is worked at and one that is fetched ahead. */
  octets: 8 * 1024 * 1024,
  /** What comes while much comes waits so long for company, in milliseconds: fewer packs, transactions and deliveries, each of more. */
  gathering: { milliseconds: 10, from: 3 },
  /** Messages for one transaction: so many share its sync, and nobody waits for a long one. */
  together: 500,
} as const

/** What nobody could read is kept this long for an operator to look at. */
export const ASIDE_LIMITS = {
  age: 30 * 24 * 60 * 60 * 1000,
  octets: 64 * 1024 * 1024,
} as const
