const CR = 0x0d
const NONE = new Int32Array(0)

/** Octets below which a view costs more than it saves. */
const WORTH_A_VIEW = 256

/** What each of the four octets of a word is compared with, and where the outcome stands. */
const FOURTEENS = 0x0e0e0e0e
const HIGH_BITS = 0x80808080

/** The octets of a chunk, four at once, from the first on at which memory is aligned for it. Few octets are no words. */
export function wordsOf(chunk: Buffer): Int32Array {
  const lead = -chunk.byteOffset & 3
  if (chunk.length < WORTH_A_VIEW) return NONE
  return new Int32Array(chunk.buffer, chunk.byteOffset + lead, (chunk.length - lead) >> 2)
}

/**
 * Where a run of text ends: the offset of the first octet from `from` on that is CR or below, among which are LF and NUL, or
 * the chunk's length. Nearly all octets of a message are text, so it is the inner loop of all that looks for its lines.
 */
export function textEnd(chunk: Buffer, words: Int32Array, from: number): number {
  const lead = -chunk.byteOffset & 3
  const end = chunk.length
  let word = (from - lead + 3) >> 2
  const aligned = Math.min((word << 2) + lead, end)
  let i = from
  while (i < aligned && chunk[i]! > CR) i++
  if (i < aligned) return i
  while (word < words.length) {
    const octets = words[word]!
    // Not zero if and only if one of them is below 14.
    if (((octets - FOURTEENS) & ~octets & HIGH_BITS) !== 0) break
    word++
  }
  i = Math.max(i, Math.min((word << 2) + lead, end))
  while (i < end && chunk[i]! > CR) i++
  return i
}
