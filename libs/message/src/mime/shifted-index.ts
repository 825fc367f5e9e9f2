import type { MessageIndex, Part } from './message-index.ts'

/** How much longer the fields in front are than those the index was made with; negative when they are shorter. */
export interface Shift {
  readonly octets: number
  /** Line feeds. */
  readonly lines: number
}

/**
 * The index of the same message behind other trace fields: nothing is read again. Right as long as the fields in front
 * are none that an index tells of (Return-Path, Delivered-To, Received).
 */
export function shiftedIndex(index: MessageIndex, { octets, lines }: Shift): MessageIndex {
  if (octets === 0 && lines === 0) return index
  return {
    ...index,
    size: index.size + octets,
    lines: index.lines + lines,
    headerLength: index.headerLength + octets,
    // The header of the message begins where it did: it is what has become longer.
    root: { ...shiftedPart(index.root, octets), headerStart: index.root.headerStart },
  }
}

function shiftedPart(part: Part, octets: number): Part {
  return {
    ...part,
    headerStart: part.headerStart + octets,
    bodyStart: part.bodyStart + octets,
    bodyEnd: part.bodyEnd + octets,
    ...(part.parts && { parts: part.parts.map((child) => shiftedPart(child, octets)) }),
    ...(part.message && { message: { ...part.message, root: shiftedPart(part.message.root, octets) } }),
  }
}
