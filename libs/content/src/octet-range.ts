import type { OctetRange } from './ports.ts'

/** The part of `size` octets that a range asks for; never outside, never negative. No range means everything. */
export function clip(range: OctetRange | undefined, size: number): OctetRange {
  if (range === undefined) return { start: 0, end: size }
  const start = Math.min(Math.max(range.start, 0), size)
  return { start, end: Math.min(Math.max(range.end, start), size) }
}

/** Octets per piece of a stream: large enough to keep system calls rare, small enough for thousands of readers. */
export const PIECE_OCTETS = 64 * 1024
