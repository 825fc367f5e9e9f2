import { crc32 } from 'node:zlib'

/*
 * A segment file begins with: magic "CARTERO1", its number, its salt, a CRC-32 of these 16 octets; then zeros up to
 * FIRST_FRAME. After that only frames, and behind the last frame zeros.
 */
export const FIRST_FRAME = 64
const MAGIC = Buffer.from('CARTERO1')

/** Of which segment, and what its frames are salted with. */
export interface SegmentIdentity {
  readonly number: number
  readonly salt: number
}

export function encodeSegmentHeader({ number, salt }: SegmentIdentity): Buffer {
  const header = Buffer.alloc(FIRST_FRAME)
  MAGIC.copy(header)
  header.writeUInt32LE(number, 8)
  header.writeUInt32LE(salt, 12)
  header.writeUInt32LE(crc32(header.subarray(0, 16)), 16)
  return header
}

/** Undefined when it is not the header of segment `number`. */
export function decodeSegmentHeader(header: Buffer, number: number): SegmentIdentity | undefined {
  if (header.length < FIRST_FRAME || !header.subarray(0, 8).equals(MAGIC)) return undefined
  if (header.readUInt32LE(8) !== number || header.readUInt32LE(16) !== crc32(header.subarray(0, 16)))
    return undefined
  return { number, salt: header.readUInt32LE(12) }
}

const NAME = /^(\d{8,10})\.segment$/

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.segment`
}

/** The numbers of the segments among these files, ascending. */
export function segmentNumbers(files: readonly string[]): number[] {
  return files
    .flatMap((file) => NAME.exec(file)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b)
}
