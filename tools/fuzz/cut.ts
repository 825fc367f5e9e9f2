import type { Random } from './random.ts'

/** The input in pieces, as a network may deliver it. */
export function cut(input: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = []
  for (let from = 0; from < input.length;) {
    const size = 1 + random.below(random.oneIn(3) ? 3 : 200)
    chunks.push(Buffer.from(input.subarray(from, from + size)))
    from += size
  }
  return chunks
}
