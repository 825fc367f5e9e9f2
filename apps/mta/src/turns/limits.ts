// Bounds that nobody needs to set. Times in milliseconds.

/**
 * Deliveries that are refused for now, one after the other, until a turn ends: whoever's disk is full refuses them all, and each of
 * them would wait and be counted as tried.
 */
export const MOST_REFUSED_IN_A_ROW = 100

/** Deliveries that are remembered because they were deferred in a turn; with more it ends, and the rest waits for the next. */
export const MOST_DEFERRED = 10_000

/** Times that a delivery may be cut off until it waits as one that was refused: what breaks connections must not come first for ever. */
export const MOST_CUT_OFF = 3

/** Customers with a turn at the same time. */
// Each holds a page of deliveries, and a connection somewhere.
export const MOST_TURNS = 1_000

/** How old counters of waiting mail may be. */
// At a thousand messages a second of 4 KB, a quota is passed by 4 MB.
export const COUNTERS_AGE_MS = 1_000

/** How old what the directory says of customers may be. */
// An operator who changes a quota looks whether it helped.
export const COLLECTIONS_AGE_MS = 10_000

/** How often it is looked whether something is too old, and whether somebody has to be told. */
export const SWEEP_MS = 60_000

/** Between two notices to one contact, at least. */
export const NOTICE_PAUSE_MS: number = 86_400_000
