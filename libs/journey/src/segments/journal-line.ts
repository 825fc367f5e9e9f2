import type { JourneyEvent } from '../ports.ts'

const LF = 0x0a

/** The event of a line, without its line feed. Undefined when it is none: torn, or damaged. */
export function parseLine(line: Buffer): JourneyEvent | undefined {
  try {
    const event = JSON.parse(line.toString('utf8')) as JourneyEvent | null
    return isEvent(event) ? event : undefined
  } catch {
    return undefined
  }
}

function isEvent(value: JourneyEvent | null): value is JourneyEvent {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof value.at === 'number' &&
    typeof value.event === 'string' &&
    typeof value.agent === 'string' &&
    typeof value.fields === 'object' &&
    value.fields !== null
  )
}

/** A line in the form that it is kept in, with its line feed. Undefined when JSON cannot hold it. */
export function formatLine(event: JourneyEvent): string | undefined {
  try {
    // JSON escapes line feeds, so that no value can end a line.
    return `${JSON.stringify(event)}\n`
  } catch {
    return undefined
  }
}

/** The whole lines of a piece, with their offsets in it. */
export function* linesOf(piece: Buffer): Generator<{ readonly line: Buffer; readonly offset: number }> {
  let offset = 0
  for (let end = piece.indexOf(LF); end !== -1; end = piece.indexOf(LF, offset)) {
    yield { line: piece.subarray(offset, end), offset }
    offset = end + 1
  }
}

/** Octets up to and including the last line feed: what is behind it was torn off. */
export function wholeOctets(piece: Buffer): number {
  return piece.lastIndexOf(LF) + 1
}
