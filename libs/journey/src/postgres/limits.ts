/** Milliseconds. Who wrote to whom is nobody's business for longer than questions about it are asked. */
export const DEFAULT_KEEP_FOR = 14 * 86_400_000
/** Octets that the database takes for all events, about: thirty million of them. */
export const DEFAULT_KEEP_OCTETS = 20 * 1024 ** 3
/** Milliseconds between two looks for what is too old, or too much. */
export const RETENTION_EVERY = 10 * 60_000
/** Events that are dropped in one transaction: some tenths of a second. */
export const DROPPED_AT_ONCE = 5_000
/** Milliseconds that an event waits for others to be written with. */
export const WRITE_EVERY = 100
/** Events that are written by one statement. */
export const BATCH_EVENTS = 500
/** Events held for a database that is slow or away. More are dropped, and counted: memory is bounded, and mail does not wait. */
export const MOST_HELD_EVENTS = 16_384
/** Hashes of keys that are remembered; above this all are forgotten, which costs a microsecond for each. */
export const MOST_KNOWN_KEYS = 4_096
/** Octets of an event; one that names more recipients than fit is dropped, and counted. */
export const MOST_EVENT_OCTETS = 256 * 1024
/** What the database takes for an event beside its line, and for each of its keys: rows, and their places in the indexes. */
export const EVENT_COSTS = 150
export const KEY_COSTS = 110
