/** Octets of a segment. Whole segments are dropped, and an index of one is made in a millisecond or two, so they are small. */
export const DEFAULT_SEGMENT_OCTETS = 4 * 1024 * 1024
/** Octets of all segments and indexes: a million events. */
export const DEFAULT_KEEP_OCTETS = 256 * 1024 * 1024
/** Milliseconds. Who wrote to whom is nobody's business for longer than questions about it are asked. */
export const DEFAULT_KEEP_FOR = 14 * 86_400_000
/** Milliseconds between the first and the last event of a segment, so that on a quiet system, too, old ones go. */
export const SEGMENT_SPAN = 86_400_000
/** Milliseconds between two looks for what is too old. */
export const RETENTION_EVERY = 3_600_000
/** Milliseconds that an event waits for others to be written with. */
export const WRITE_EVERY = 100
/** Events that are written at once, about 64 KB, and as many as are turned into text without giving way. */
export const BATCH_EVENTS = 256
/** Events held for a disk that is slow. More are dropped, and counted: memory is bounded, and mail does not wait. */
export const MOST_HELD_EVENTS = 16_384
/** Octets of an event; one that names more recipients than fit is dropped, and counted. */
export const MOST_EVENT_OCTETS = 256 * 1024
/** Octets that are parsed without giving way, where an index has to be made anew. */
export const PARSED_AT_ONCE = 64 * 1024
