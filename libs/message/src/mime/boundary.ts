import { parameter, type FieldParameters } from '../field/parameters.ts'
import { octetString, trimmed, type OctetString } from '../octet-string.ts'
import { CR, isWsp, LF } from '../octets.ts'

/** RFC 2046 §5.1.1 allows 70 octets; some mailers write more. */
export const LONGEST_BOUNDARY = 250

/** RFC 5322 §2.1.1: a line of more octets, its line end included, is no delimiter, however much padding it has. */
export const LONGEST_DELIMITER_LINE = 1_000

/** What a line is to a multipart: the start of a part, its end, or neither. */
export type Delimiter = 'open' | 'close'

/** The boundary of a multipart with its two leading dashes, or undefined when the parameters name none that can be used. */
export function dashBoundary(parameters: FieldParameters): OctetString | undefined {
  // RFC 2046 §5.1.1: white space around a boundary is some gateway's.
  const boundary = trimmed(parameter(parameters, 'boundary') ?? '')
  if (boundary === '' || boundary.length > LONGEST_BOUNDARY) return undefined
  return `--${boundary}`
}

/** The end of the line from `start` to `end` without its line end and transport padding (RFC 2046 §5.1.1). */
export function delimiterEnd(bytes: Buffer, start: number, end: number): number {
  let at = end
  if (at > start && bytes[at - 1] === LF) at--
  if (at > start && bytes[at - 1] === CR) at--
  while (at > start && isWsp(bytes[at - 1])) at--
  return at
}

/** The boundaries that are waited for. However many they are, a line costs the same: senders choose both. */
export class Boundaries {
  /** Levels of the multiparts that have this boundary, the innermost last. */
  readonly #levels = new Map<OctetString, number[]>()

  get isEmpty(): boolean {
    return this.#levels.size === 0
  }

  /** @param level how deep its multipart stands; those of other boundaries that are waited for stand less deep */
  add(boundary: OctetString, level: number): void {
    const levels = this.#levels.get(boundary)
    if (levels === undefined) this.#levels.set(boundary, [level])
    else levels.push(level)
  }

  /** Forgets the innermost of that boundary. */
  remove(boundary: OctetString): void {
    const levels = this.#levels.get(boundary)
    levels?.pop()
    if (levels?.length === 0) this.#levels.delete(boundary)
  }

  // RFC 2046 §5.1.1 deviation: after a boundary only the closing dashes and padding may follow, not anything, because
  // `abc` of an outer multipart would also end at `abcd` of an inner one.

  /** Which multipart the line from `start` to `end` (without padding) delimits, and how: of several the innermost. */
  find(bytes: Buffer, start: number, end: number): { level: number; kind: Delimiter } | undefined {
    if (end - start > LONGEST_BOUNDARY + 4) return undefined
    const line = octetString(bytes, start, end)
    const opens = this.#levels.get(line)?.at(-1) ?? -1
    const closes = line.endsWith('--') ? (this.#levels.get(line.slice(0, -2))?.at(-1) ?? -1) : -1
    if (opens < 0 && closes < 0) return undefined
    return opens > closes ? { level: opens, kind: 'open' } : { level: closes, kind: 'close' }
  }
}
