/** How mail waits that customers come for. Times in milliseconds. */
export interface TurnSettings {
  /** After this, mail that nobody came for is given back to its sender. A domain may have a time of its own. */
  readonly keep: number
  /** Octets that may wait for a domain. A domain may have a quota of its own. */
  readonly quota: number
  /** For so long a delivery is not offered again that the customer deferred. */
  readonly retryAfter: number
  /** When a customer's contact is told that much waits: as soon as one of these is reached; 0 is never. */
  readonly notifyAfter: {
    readonly messages: number
    readonly octets: number
    /** Of the oldest. */
    readonly age: number
  }
}

export const TURN_SETTINGS: TurnSettings = {
  // Who is away for the holidays finds his mail; a provider's disk is no archive.
  keep: 30 * 86_400_000,
  quota: 1_000_000_000,
  // What is locked or full for a moment has its next chance at the next visit.
  retryAfter: 60_000,
  notifyAfter: {
    messages: 1_000,
    octets: 500_000_000,
    // A long weekend passes without a word.
    age: 3 * 86_400_000,
  },
}
