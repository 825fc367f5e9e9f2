/*
 * What is left of a pack of which little is referred to, under `pack.kept`: so many entries, each of where a content stood in the pack, its
 * size, and where it stands now; then the contents. All numbers are unsigned, little-endian, 32 bits.
 */
const ENTRY = 12
const HEAD = 4

/** A content that stays. */
export interface Kept {
  readonly offset: number
  readonly octets: Buffer
}

/** Where the contents of a pack stand now, by where they stood. */
export type RemnantIndex = ReadonlyMap<number, { readonly place: number; readonly size: number }>

export function encodeRemnant(contents: readonly Kept[]): Buffer {
  const head = Buffer.alloc(HEAD + contents.length * ENTRY)
  head.writeUInt32LE(contents.length)
  let place = head.length
  for (const [n, { offset, octets }] of contents.entries()) {
    head.writeUInt32LE(offset, HEAD + n * ENTRY)
    head.writeUInt32LE(octets.length, HEAD + n * ENTRY + 4)
    head.writeUInt32LE(place, HEAD + n * ENTRY + 8)
    place += octets.length
  }
  return Buffer.concat([head, ...contents.map(({ octets }) => octets)])
}

/** Octets of the index, of which these are the first four at least. */
export function indexLength(head: Buffer): number {
  return head.length < HEAD ? HEAD : HEAD + head.readUInt32LE() * ENTRY
}

/** Undefined for what is no index. */
export function decodeIndex(head: Buffer): RemnantIndex | undefined {
  if (head.length < HEAD || head.length < indexLength(head)) return undefined
  const index = new Map<number, { place: number; size: number }>()
  for (let at = HEAD; at < indexLength(head); at += ENTRY) {
    index.set(head.readUInt32LE(at), { size: head.readUInt32LE(at + 4), place: head.readUInt32LE(at + 8) })
  }
  return index
}
