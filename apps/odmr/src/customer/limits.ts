/** How long each part of a visit may last, in milliseconds. */
export interface VisitLimits {
  /** Until the provider has let us in: look-up, connection, TLS, greeting, EHLO and login together. */
  readonly opening: number
  /** Until it has answered ATRN. */
  readonly turn: number
  /** Its silence between two commands, and within a message, after the connection was turned. */
  readonly idle: number
  /** In all. The message at hand is taken, and the rest is for the next visit. */
  readonly visit: number
  /** For the message at hand, when we are leaving. */
  readonly grace: number
}

export const DEFAULT_VISIT_LIMITS: VisitLimits = {
  // What RFC 5321 §4.5.3.2.1 gives to the greeting alone; a provider that trickles has no more for all of it.
  opening: 300_000,
  // RFC 2645 §5.2.1: ten minutes at least, for a provider looks through its queue
  turn: 600_000,
  // RFC 5321 §4.5.3.2.7
  idle: 300_000,
  // As long as any connection of ours lasts; what a home line carries in that time is more than anybody's mail.
  visit: 14_400_000,
  // A message of 50 MB at 14 kB/s takes an hour; who leaves does not wait for more than the usual ones.
  grace: 60_000,
}

/** Wait after the first visit in a row that failed, doubled with each that follows, up to the longest. Milliseconds. */
// What mends by itself (a line, a restart) does so within minutes; an outage of an hour should not cost another hour.
export const FIRST_BACK_OFF_MS: number = 60_000
export const LONGEST_BACK_OFF_MS: number = 30 * 60_000

/** Wait after a provider has refused what only people can mend: a password, a domain, a service that is not there. */
// Whoever goes on with a wrong password is locked out. When it is mended here, a restart or a fetch on demand goes there at once.
export const REFUSED_BACK_OFF_MS: number = 60 * 60_000

/** Visits in a row that go on at once where the one before was cut off in the middle. */
// Each has brought something, but a provider that breaks off at every message is not called without end.
export const MOST_RESUMED = 3

/** Share by which a wait is shorter or longer, so that customers of one provider do not come together. */
export const JITTER: number = 0.1

/** Visits in a row that failed before the component says that something is missing. */
// One or two are a line that is down.
export const WORRYING_FAILURES = 3
