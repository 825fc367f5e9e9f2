/** A policy as it was fetched. */
export interface StoredStsPolicy {
  readonly domain: string
  /** The number that the DNS had for it. */
  readonly id: string
  readonly text: string
  /** Milliseconds since the epoch. */
  readonly fetchedAt: number
  readonly expiresAt: number
}

/** Policies that are kept by default; what is beyond goes, those that expire first. One takes some hundred octets. */
export const MAX_STORED_POLICIES = 100_000

/**
 * Keeps the policies of other domains. What is lost is fetched again, and until then mail goes there with less protection:
 * a cache that survives a restart is one that nobody can make us forget by making us restart.
 *
 * Both verbs reject when the store cannot be reached.
 */
// RFC 8461 §10.2
export interface StsCache {
  /** One that has expired is no answer any more. */
  get(domain: string, now: number): Promise<StoredStsPolicy | undefined>
  /** Instead of the one that is there. */
  put(policy: StoredStsPolicy): Promise<void>
}
