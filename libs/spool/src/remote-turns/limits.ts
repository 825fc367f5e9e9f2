/** What a turn over a network keeps at hand. */
export const REMOTE_TURN_LIMITS = {
  /** Deliveries that a customer's connection has at hand, so that it never waits for the way there and back. */
  ahead: 64,
  /** Deliveries that go together. */
  batch: 32,
  /** Octets of messages that go together; one more may begin within. Well below what one message of the bus may have. */
  batchOctets: 1024 * 1024,
  /** Octets of a content up to which it goes with its delivery: what dispatch holds whole. */
  inline: 64 * 1024,
} as const
