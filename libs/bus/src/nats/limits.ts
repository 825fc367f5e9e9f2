/** What talking with the broker takes at most. Times are in milliseconds. */
export const NATS_LIMITS = {
  /** A fresh cluster elects its leaders first, which has taken ten seconds; an operator wants to be told before he has left. */
  boot: 30_000,
  /** One attempt to connect: a server that does not answer must not keep us from the next one. */
  connect: 3_000,
  /** Between two attempts. */
  retry: 250,
  /** Between two looks at a stream that is not there: it is back within moments, and a broker that is in trouble is left alone. */
  lookAgain: 1_000,
  /** Between two looks at one that nobody doubts: another server than ours may have come back as it must not be. */
  lookEvery: 30_000,
  /** A partition is noticed after two pings without an answer: before anybody who waits for us has given up. */
  ping: 5_000,
  pingsMissed: 2,
  /** For the word that a message is durable. A disk that syncs takes milliseconds; whoever hands over mail has to be told soon. */
  acknowledgement: 5_000,
  /** For an answer about streams and consumers. */
  question: 5_000,
  /** Messages on their way to one stream: enough for three replicas to sync many at once. */
  inFlight: 256,
  /** Octets of those, as one edge may hold them. */
  inFlightOctets: 32 * 1024 * 1024,
  /** What is on its way is let go when the broker does not take it: who ends must end. */
  close: 2_000,
} as const

/** What taking messages out of a stream takes at most. Times are in milliseconds. */
export const TAKING_LIMITS = {
  /**
   * How long a message is ours without a word: as long as its mail waits when we are killed, or when the server is that had sent it. A word
   * is sent while a batch takes long, so it has to be longer than a pause of the garbage collector only; what comes twice is taken in once.
   */
  acknowledgeWithin: 10_000,
  /** How long the broker keeps our wish for more. */
  wish: 30_000,
  /** It says that it still has it. Two that are missing mean that it has not: then we wish anew. */
  heartbeat: 5_000,
  /** Messages that are out with all takers together: twenty batches. */
  outstanding: 10_000,
} as const

/** Older ones ignore what they do not know, and lose what they have acknowledged (2.12: the first whose faults of that kind are fixed). */
export const OLDEST_SERVER = [2, 12] as const
