// An index file: a header, the starts of its buckets, and the entries of each bucket: hash of a key, offset of a line. Bucket by the
// uppermost bits of the hash. Numbers are those of the machine; a file of another machine has another magic number, and is made anew.
import { crc32 } from 'node:zlib'

const MAGIC = 0x31_4a_49_43
/** magic, bits, octets, firstAt, lastAt, events, entries, CRC of what follows, CRC of the header up to here. */
export const HEADER_OCTETS = 48
const HEADER_CRC_AT = 44
/** Entries of a bucket, about: a bucket is read for each question. */
const BUCKET_ENTRIES = 32
/** hash and offset. */
export const ENTRY_OCTETS = 8
const MOST_BITS = 20

export interface IndexHeader {
  readonly bits: number
  /** Length of the segment that the index is of. */
  readonly octets: number
  /** Milliseconds since the epoch, of the earliest and the latest event. */
  readonly firstAt: number
  readonly lastAt: number
  readonly events: number
  readonly entries: number
  readonly bodyCrc: number
}

export interface IndexContent extends Omit<IndexHeader, 'bits' | 'entries' | 'bodyCrc'> {
  /** Of the same length, in any order. */
  readonly hashes: Uint32Array
  readonly offsets: Uint32Array
}

/** Sorts into buckets by counting: no comparison for each entry. */
export function formatIndex({ hashes, offsets, ...facts }: IndexContent): Buffer {
  const entries = hashes.length
  const bits = Math.min(MOST_BITS, Math.max(1, Math.ceil(Math.log2(entries / BUCKET_ENTRIES || 1))))
  const shift = 32 - bits
  const starts = new Uint32Array(2 ** bits + 1)
  for (const hash of hashes) starts[(hash >>> shift) + 1]!++
  for (let bucket = 1; bucket < starts.length; bucket++) starts[bucket]! += starts[bucket - 1]!
  const body = new Uint32Array(starts.length + entries * 2)
  body.set(starts)
  const next = starts.slice()
  for (let i = 0; i < entries; i++) {
    const place = starts.length + next[hashes[i]! >>> shift]!++ * 2
    body[place] = hashes[i]!
    body[place + 1] = offsets[i]!
  }
  const octets = Buffer.from(body.buffer)
  return Buffer.concat([formatHeader({ ...facts, bits, entries, bodyCrc: crc32(octets) }), octets])
}

function formatHeader(header: IndexHeader): Buffer {
  const octets = new ArrayBuffer(HEADER_OCTETS)
  const words = new Uint32Array(octets)
  const numbers = new Float64Array(octets)
  words.set([MAGIC, header.bits])
  numbers.set([header.octets, header.firstAt, header.lastAt], 1)
  words.set([header.events, header.entries, header.bodyCrc], 8)
  words[HEADER_CRC_AT / 4] = crc32(Buffer.from(octets, 0, HEADER_CRC_AT))
  return Buffer.from(octets)
}

/** Undefined when it is none, or damaged. */
export function parseHeader(file: Buffer): IndexHeader | undefined {
  if (file.length < HEADER_OCTETS) return undefined
  const octets = Uint8Array.from(file.subarray(0, HEADER_OCTETS)).buffer
  const words = new Uint32Array(octets)
  const [, , , , , , , , events, entries, bodyCrc, headerCrc] = words as unknown as number[]
  if (words[0] !== MAGIC || crc32(Buffer.from(octets, 0, HEADER_CRC_AT)) !== headerCrc) return undefined
  const [, length, firstAt, lastAt] = new Float64Array(octets) as unknown as number[]
  return {
    bits: words[1]!,
    octets: length!,
    firstAt: firstAt!,
    lastAt: lastAt!,
    events: events!,
    entries: entries!,
    bodyCrc: bodyCrc!,
  }
}

/** The starts of the buckets, and one more: the number of entries. Undefined when the file is not whole. */
export function parseStarts(file: Buffer, { bits, entries, bodyCrc }: IndexHeader): Uint32Array | undefined {
  const body = file.subarray(HEADER_OCTETS)
  const starts = 2 ** bits + 1
  if (body.length !== starts * 4 + entries * ENTRY_OCTETS || crc32(body) !== bodyCrc) return undefined
  return wordsOf(body.subarray(0, starts * 4))
}

/** Numbers of a piece of the file. */
export function wordsOf(piece: Buffer): Uint32Array {
  return new Uint32Array(Uint8Array.from(piece).buffer)
}
