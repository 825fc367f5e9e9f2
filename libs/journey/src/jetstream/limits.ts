/** Milliseconds before what was told is sent: soon enough for an operator who looks. */
export const SEND_EVERY = 100
/** Events of one message of the stream; then it is sent at once. */
export const BATCH_EVENTS = 256
/** Octets of one, below what a broker takes that nobody has configured (1 MiB). */
export const BATCH_OCTETS = 900_000
/** Events held while the broker does not keep up; what is more is dropped and counted. */
export const MOST_HELD_EVENTS = 16_384
/** Messages of the stream underway at once. */
export const MOST_UNDERWAY = 8

/** What the stream keeps for a console that is away. */
export const JOURNEY_STREAM_LIMITS = { octets: 1024 * 1024 * 1024, age: 3 * 24 * 60 * 60 * 1000 } as const

/** How much of the stream is taken at once. */
export const TAKE_LIMITS = { messages: 50, octets: 8 * 1024 * 1024 } as const
