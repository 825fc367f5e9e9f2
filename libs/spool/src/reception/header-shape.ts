import { HEADER_LIMITS, type HeaderEnd, type HeaderScanner } from '@cartero/message'
import { ReplyError, replies } from '@cartero/smtp/server'

/** What a header may be like. Each limit has a default and a reason; beyond it the message is refused. */
export interface HeaderShape {
  readonly octets: number
  readonly lines: number
  readonly fields: number
  /** Received fields beyond which the message is taken to go in circles. */
  readonly hops: number
  /**
   * A header that ends without an empty line, at a line that is no field: readers differ about where it ends, and so about
   * what it says and what a signature covers.
   */
  readonly broken: 'reject' | 'accept'
}

/** RFC 5321 §6.3: at least 100. */
export const MAX_HOPS = 100

export const DEFAULT_HEADER_SHAPE: HeaderShape = {
  // As much of a header is held in memory for each message that is being read.
  octets: HEADER_LIMITS.headerOctets,
  // A thousand recipients, one to a line, and as much again of traces and signatures.
  lines: 5_000,
  fields: HEADER_LIMITS.fields,
  hops: MAX_HOPS,
  broken: 'reject',
}

const LF = 0x0a
/** A space and a line feed: most headers are shorter than so many lines could be, and need no counting. */
const SHORTEST_LINE = 2

/** Throws ReplyError when the header is not of that shape. */
export function checkHeaderShape(header: HeaderScanner, end: HeaderEnd, shape: HeaderShape): void {
  // RFC 5321 §6.3: counted behind any amount of padding, so this comes first
  if (header.count('Received') >= shape.hops) throw new ReplyError(replies.loop)
  if (end.fieldsEnd > shape.octets) throw new ReplyError(replies.headerTooBig('octets'))
  if (header.exceeded) throw new ReplyError(replies.headerTooBig('fields'))
  if (end.fieldsEnd > shape.lines * SHORTEST_LINE && linesOf(header, shape.lines) > shape.lines)
    throw new ReplyError(replies.headerTooBig('lines'))
  // RFC 5322 §2.1: a message without any header is all body, which nobody can misread.
  if (shape.broken === 'reject' && end.reason === 'otherLine' && end.fieldsEnd > 0)
    throw new ReplyError(replies.malformedHeader('no empty line before the body'))
}

/** Lines of the header; stops counting beyond `most`. */
function linesOf(header: HeaderScanner, most: number): number {
  const { bytes, fieldsEnd } = header.block()
  let lines = 0
  for (
    let at = bytes.indexOf(LF);
    at !== -1 && at < fieldsEnd && lines <= most;
    at = bytes.indexOf(LF, at + 1)
  )
    lines++
  return lines
}
