import { crc32 } from 'node:zlib'

import type { LogPosition } from '../ports.ts'

/*
 * A frame is a header, the octets, the label. All numbers are unsigned, little-endian, 32 bits:
 *
 *    0  magic "CFR1"
 *    4  kind (below), plus MOVED for a copy that reclaiming made
 *    8  length of the octets             12  length of the label
 *   16  CRC-32 of the octets             20  CRC-32 of the label
 *   24  number of the batch in which it was written; never falls within a segment
 *   28  up to where the segment was durable when the batch was written
 *   32  origin: segment and offset (36) of the frame that names the content
 *   40  home: segment and offset (44) where the frame stood first; differs from its place when it was moved
 *   48  salt of the segment, so that octets of a message cannot pass for a frame
 *   52  CRC-32 of the header up to here
 */
export const FRAME_HEADER = 56
/** Where the header has the length of the octets. */
export const LENGTH_AT = 8
const MAGIC = 0x31524643
export const MAGIC_OCTETS: Buffer = Buffer.from('CFR1')

/** A content of at most SMALL_CONTENT octets, with its label. */
export const WHOLE = 1
/** A piece of a larger content. */
export const CHUNK = 2
/** The list of chunks that makes a larger content, with its label. */
export const EXTENTS = 3
export const MOVED = 0x80

export interface FrameHeader {
  /** WHOLE, CHUNK or EXTENTS. */
  readonly kind: number
  readonly isMoved: boolean
  readonly length: number
  readonly labelLength: number
  readonly checksum: number
  readonly labelChecksum: number
  readonly batch: number
  readonly durable: number
  readonly origin: LogPosition
  readonly home: LogPosition
}

/** Octets that a frame takes in its segment. */
export function frameSize(header: { readonly length: number; readonly labelLength: number }): number {
  return FRAME_HEADER + header.length + header.labelLength
}

export interface Stamp {
  readonly kind: number
  readonly length: number
  readonly labelLength: number
  readonly batch: number
  readonly durable: number
  readonly origin: LogPosition
  readonly home: LogPosition
  readonly salt: number
}

/** Writes the header of a frame whose octets and label already stand behind it in `into`. */
export function stampFrame(into: Buffer, at: number, stamp: Stamp): void {
  const octets = at + FRAME_HEADER
  const label = octets + stamp.length
  into.writeUInt32LE(MAGIC, at)
  into.writeUInt32LE(stamp.kind, at + 4)
  into.writeUInt32LE(stamp.length, at + 8)
  into.writeUInt32LE(stamp.labelLength, at + 12)
  into.writeUInt32LE(crc32(into.subarray(octets, label)), at + 16)
  into.writeUInt32LE(crc32(into.subarray(label, label + stamp.labelLength)), at + 20)
  into.writeUInt32LE(stamp.batch, at + 24)
  into.writeUInt32LE(stamp.durable, at + 28)
  into.writeUInt32LE(stamp.origin.segment, at + 32)
  into.writeUInt32LE(stamp.origin.offset, at + 36)
  into.writeUInt32LE(stamp.home.segment, at + 40)
  into.writeUInt32LE(stamp.home.offset, at + 44)
  into.writeUInt32LE(stamp.salt, at + 48)
  into.writeUInt32LE(crc32(into.subarray(at, at + 52)), at + 52)
}

/** Undefined when there is no frame of this segment. */
export function readHeader(from: Buffer, at: number, salt: number): FrameHeader | undefined {
  if (at + FRAME_HEADER > from.length || from.readUInt32LE(at) !== MAGIC) return undefined
  if (from.readUInt32LE(at + 48) !== salt) return undefined
  if (from.readUInt32LE(at + 52) !== crc32(from.subarray(at, at + 52))) return undefined
  const kind = from.readUInt32LE(at + 4)
  return {
    kind: kind & ~MOVED,
    isMoved: (kind & MOVED) !== 0,
    length: from.readUInt32LE(at + 8),
    labelLength: from.readUInt32LE(at + 12),
    checksum: from.readUInt32LE(at + 16),
    labelChecksum: from.readUInt32LE(at + 20),
    batch: from.readUInt32LE(at + 24),
    durable: from.readUInt32LE(at + 28),
    origin: { segment: from.readUInt32LE(at + 32), offset: from.readUInt32LE(at + 36) },
    home: { segment: from.readUInt32LE(at + 40), offset: from.readUInt32LE(at + 44) },
  }
}

/** A chunk, by where it stood first. */
export interface Extent {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

const EXTENT_OCTETS = 12

export function extentsLength(count: number): number {
  return count * EXTENT_OCTETS
}

export function encodeExtents(extents: readonly Extent[]): Buffer {
  const octets = Buffer.allocUnsafe(extentsLength(extents.length))
  for (const [index, { segment, offset, length }] of extents.entries()) {
    octets.writeUInt32LE(segment, index * EXTENT_OCTETS)
    octets.writeUInt32LE(offset, index * EXTENT_OCTETS + 4)
    octets.writeUInt32LE(length, index * EXTENT_OCTETS + 8)
  }
  return octets
}

export function decodeExtents(octets: Buffer): Extent[] {
  return Array.from({ length: Math.floor(octets.length / EXTENT_OCTETS) }, (_, index) => ({
    segment: octets.readUInt32LE(index * EXTENT_OCTETS),
    offset: octets.readUInt32LE(index * EXTENT_OCTETS + 4),
    length: octets.readUInt32LE(index * EXTENT_OCTETS + 8),
  }))
}
