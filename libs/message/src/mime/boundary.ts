import { parameter, type FieldParameters } from '../field/parameters.ts'
import { octetsOf, trimmed } from '../octet-string.ts'
import { CR, DASH, isWsp, LF } from '../octets.ts'

/** RFC 2046 §5.1.1 allows 70 octets; some mailers write more. */
export const LONGEST_BOUNDARY = 250

/** RFC 5322 §2.1.1: a line of more octets, its line end included, is no delimiter, however much padding it has. */
export const LONGEST_DELIMITER_LINE = 1_000

/** What a line is to a multipart: the start of a part, its end, or neither. */
export type Delimiter = 'open' | 'close'

/** The boundary of a multipart with its two leading dashes, or undefined when the parameters name none that can be used. */
export function dashBoundary(parameters: FieldParameters): Buffer | undefined {
  // RFC 2046 §5.1.1: white space around a boundary is some gateway's.
  const boundary = trimmed(parameter(parameters, 'boundary') ?? '')
  if (boundary === '' || boundary.length > LONGEST_BOUNDARY) return undefined
  return octetsOf(`--${boundary}`)
}

/** The end of the line from `start` to `end` without its line end and transport padding (RFC 2046 §5.1.1). */
export function delimiterEnd(bytes: Buffer, start: number, end: number): number {
  let at = end
  if (at > start && bytes[at - 1] === LF) at--
  if (at > start && bytes[at - 1] === CR) at--
  while (at > start && isWsp(bytes[at - 1])) at--
  return at
}

// RFC 2046 §5.1.1 deviation: after a boundary only the closing dashes and padding may follow, not anything, because
// `abc` of an outer multipart would also end at `abcd` of an inner one.

/** Whether the line from `start` to `end` (without padding) delimits parts of this boundary, and how. */
export function delimiterKind(
  boundary: Buffer,
  bytes: Buffer,
  start: number,
  end: number,
): Delimiter | undefined {
  const more = end - start - boundary.length
  if (more !== 0 && more !== 2) return undefined
  for (let i = boundary.length - 1; i >= 0; i--) if (bytes[start + i] !== boundary[i]) return undefined
  if (more === 0) return 'open'
  return bytes[end - 1] === DASH && bytes[end - 2] === DASH ? 'close' : undefined
}
