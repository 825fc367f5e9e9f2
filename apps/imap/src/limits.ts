/** Bounds on what one account may have of this agent. */
export interface SessionLimits {
  /** Sessions of one account at a time. Thunderbird opens five, a phone two or three, and people have several of each. */
  readonly sessionsPerAccount: number
}

/** Octets of messages that were read lately and are kept for the next reader: some thousands of ordinary ones. */
export const CACHE_OCTETS: number = 24 * 1024 * 1024

export const DEFAULT_SESSION_LIMITS: SessionLimits = { sessionsPerAccount: 50 }
