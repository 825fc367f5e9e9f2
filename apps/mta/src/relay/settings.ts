/** How mail is carried to other hosts. Times in milliseconds. */
export interface RelaySettings {
  /** Deliveries on their way at once, over all destinations: each holds a connection and a window of memory. */
  readonly connections: number
  /** Connections to one destination at once; it is begun with `firstConnections`, grows with success and shrinks with failure. */
  readonly connectionsPerDestination: number
  readonly firstConnections: number
  /** Connections to one host at once, whatever destinations it serves. */
  readonly connectionsPerHost: number
  /** Messages over one connection. */
  readonly transactionsPerConnection: number
  /** How long a connection is kept that has nothing to carry. */
  readonly idle: number
  /** Messages a minute to one destination; 0 is without limit. */
  readonly messagesPerMinute: number
  /** The port of other hosts. */
  readonly port: number
  /** Our addresses to call from, at most one of each family; none: the system's choice. */
  readonly sourceAddresses: readonly string[]
  /** Hosts on loopback may be called: for tests on one machine. Our own doors never are. */
  readonly loopback: boolean
  readonly retry: RetrySchedule
}

/** When a delivery that was deferred is tried again, by the number of attempts. */
export interface RetrySchedule {
  /** Waits after the first attempts; the last one goes on for ever. */
  readonly waits: readonly number[]
  /** Share of each wait by which it may be longer or shorter, so that what failed together does not return together. */
  readonly jitter: number
}

export const RELAY_SETTINGS: RelaySettings = {
  connections: 200,
  connectionsPerDestination: 20,
  // Postfix begins with five, and nobody has complained of it in twenty years.
  firstConnections: 5,
  connectionsPerHost: 50,
  transactionsPerConnection: 100,
  // A burst has pauses; other hosts count idle connections against us.
  idle: 2_000,
  messagesPerMinute: 0,
  port: 25,
  sourceAddresses: [],
  loopback: false,
  retry: {
    // Greylisting lets through after one to five minutes; what is down for an hour is down for hours.
    waits: [1, 3, 10, 30, 60, 120, 240].map((minutes) => minutes * 60_000),
    jitter: 0.1,
  },
}
