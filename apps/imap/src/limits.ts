/** Bounds on what one account may have of this agent. */
export interface SessionLimits {
  /** Sessions of one account at a time. Thunderbird opens five, a phone two or three, and people have several of each. */
  readonly sessionsPerAccount: number
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = { sessionsPerAccount: 50 }
