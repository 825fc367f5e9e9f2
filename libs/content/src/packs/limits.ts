/** What packs take at most. Times are in milliseconds. */
export const PACK_LIMITS = {
  /** Contents share a pack up to this: large enough that a store of few puts a second takes many messages, small enough to be put in one request. */
  packOctets: 4 * 1024 * 1024,
  /** A content above this is put in parts of this size while it comes; it is also what a reader holds at once. */
  partOctets: 1024 * 1024,
  /** What all drafts may hold together. Above it their parts are put earlier, and writers wait for them. */
  heldOctets: 64 * 1024 * 1024,
  /** No part is smaller because of that, or a large content would be thousands of objects. */
  smallestPart: 128 * 1024,
  /** Packs that are put at once: as much as it takes to keep a store busy that is some milliseconds away. */
  packsUnderWay: 4,
  /** Parts that are put at once, so that large contents do not stand in the way of small ones. */
  partsUnderWay: 4,
  /** How long commits wait for company while other packs are under way. Less than a put takes. */
  gathering: 4,
  /** What was written within this time is never reclaimed: other processes may have committed it, and not yet stored their reference. */
  young: 24 * 60 * 60 * 1_000,
  /** Octets of packs that were written or read lately: what came together is delivered and fetched together. */
  cacheOctets: 32 * 1024 * 1024,
  /** A pack of which less than this share is referred to is made smaller. */
  liveShare: 0.25,
} as const

export type PackLimits = { readonly [Limit in keyof typeof PACK_LIMITS]: number }
