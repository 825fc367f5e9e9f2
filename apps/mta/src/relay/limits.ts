// Bounds that nobody needs to set. Times in milliseconds.

/** Deliveries of a destination at hand for its couriers; more are taken when half of them are gone. */
// Some for each of twenty connections, and few enough that what is urgent does not wait behind them for long.
export const STOCK: number = 100

/** Octets of memory for their envelopes, about: a few with very many recipients are enough at a time. */
export const STOCK_OCTETS: number = 512 * 1024

/** Deliveries of an unreachable destination that are concluded together. */
export const SWEEP_PAGE: number = 100

/** How long a delivery may be at hand. What is older goes back, so that its lease outlasts its transaction. */
export const STOCK_AGE_MS: number = 10 * 60_000

/** The longest that anything may take between two steps of a courier: 100 MB at 14 kB/s. Then its run is aborted. */
// RFC 5321 §4.5.3.2 allows minutes for each command, and three for each buffer of the content: only the whole bounds it.
export const TRANSACTION_MS: number = 2 * 3_600_000

/** A lease outlasts the longest transaction, the time at hand before it, and some failures to settle after it. */
export const LEASE_MS: number = TRANSACTION_MS + STOCK_AGE_MS + 50 * 60_000

/** What a lane may carry over its last connection while others wait for their first: messages, or time. */
export const TURN_MESSAGES: number = 20
export const TURN_MS: number = 10_000

/** A run whose messages took longer than this each is no proof that a lane goes well. */
export const SLOW_MS: number = 10_000

/** How long a lane opens no further connection after its host refused one while it served others. */
export const GROWTH_PAUSE_MS: number = 5_000

/** Runs in a row that a host cuts off before it takes anything, until the lane counts as unreachable. */
export const MOST_FRUITLESS = 3

/** First wait after a run that carried nothing, though there was something; doubled up to the longest. */
export const FRUITLESS_PAUSE_MS: number = 1_000
export const LONGEST_FRUITLESS_PAUSE_MS: number = 60_000

/** How long to wait after the spool could not give anything out. */
export const TAKE_PAUSE_MS: number = 5_000

/** Destinations remembered that there is nothing to do for. */
export const MOST_REMEMBERED: number = 10_000

/** Destinations that may wait for a connection before the spool is asked for further ones. */
export const MOST_WAITING: number = 10_000

/** Results that may wait to be settled; couriers get nothing new until there are fewer. */
export const MOST_UNSETTLED: number = 2_000

/** Results settled together: enough to share a transaction of the store, few enough that the first is not kept waiting. */
export const SETTLED_TOGETHER: number = 500

/** Time from one settlement to the next, at least. */
// Each is a write that the disk has to confirm, and whoever hands mail in waits for the same disk. What was sent meanwhile is sent
// twice after a crash; the first does not wait.
export const GATHERING_MS: number = 20
