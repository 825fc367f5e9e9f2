/** What a directory that is elsewhere costs, and how long one goes on without it. Times in milliseconds. */
export const REMOTE_DIRECTORY_LIMITS = {
  /**
   * How long an address that was accepted is accepted while the directory is away: it comes back within moments, or an operator has seen by
   * then that it does not. Whoever was removed meanwhile has mail for so long at most.
   */
  away: 5 * 60_000,
  /** Addresses that are asked for together: all that came up in one turn of the event loop, in questions of this size. */
  together: 1_000,
  /** A directory that has gone away is listened for again after that, */
  firstRetry: 100,
  /** and after that at most. */
  longestRetry: 5_000,
} as const
