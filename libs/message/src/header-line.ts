import { octetClass } from '@cartero/wire'
import { COLON, CR, isWsp, LF } from './octets.ts'

/** What a line is to the header it may belong to. */
export type HeaderLineKind = 'field' | 'continuation' | 'blank' | 'other'

/** RFC 5322 §2.1.1: a line has at most 998 octets, so a name that needs more is none. */
export const LONGEST_FIELD_NAME = 998

// RFC 5322 §3.6.8: ftext, visible ASCII without the colon.
const FTEXT = octetClass('', ['!', '9'], [';', '~'])

/**
 * Tells the kind of the line that starts at `start`. `end` is the offset after its line end, or after as much as there is.
 * White space before the colon is allowed as of old (RFC 5322 §4.5).
 */
export function headerLineKind(bytes: Buffer, start: number, end: number): HeaderLineKind {
  const first = bytes[start]
  if (first === LF) return 'blank'
  if (first === CR) return start + 1 < end && bytes[start + 1] === LF ? 'blank' : 'other'
  if (isWsp(first)) return 'continuation'
  return colonOf(bytes, start, end) === -1 ? 'other' : 'field'
}

/** Offset of the colon that ends the field's name, or -1 when the line does not begin with `name:`. */
export function colonOf(bytes: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + LONGEST_FIELD_NAME)
  let at = nameEndOf(bytes, start, limit)
  if (at === start) return -1
  while (at < limit && isWsp(bytes[at])) at++
  return at < limit && bytes[at] === COLON ? at : -1
}

/** Offset after the last octet of the field's name. */
export function nameEndOf(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && FTEXT[bytes[at]!] === 1) at++
  return at
}
