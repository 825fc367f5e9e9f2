/** What a process worked on when it ended so often is held. */
export const MAX_CRASHES = 5
export const CRASH_REASON = `the process ended ${MAX_CRASHES} times while this was being worked on`
