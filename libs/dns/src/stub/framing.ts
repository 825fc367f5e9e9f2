const HEADER_OCTETS = 12
/** Type and class of a question. */
const QUESTION_OCTETS = 4
/** Type, class, TTL and length of a record. */
const RECORD_OCTETS = 10
const POINTER = 0xc0

/**
 * Where the last record of a packet ends by the lengths that the packet itself tells; undefined when that is behind its end.
 * The decoder takes what is cut for something shorter.
 */
// RFC 1035 §4.1
export function endOfRecords(octets: Buffer): number | undefined {
  if (octets.length < HEADER_OCTETS) return undefined
  const questions = octets.readUInt16BE(4)
  const records = octets.readUInt16BE(6) + octets.readUInt16BE(8) + octets.readUInt16BE(10)
  let at = HEADER_OCTETS
  for (let i = 0; i < questions + records; i++) {
    at = endOfName(octets, at) + (i < questions ? QUESTION_OCTETS : RECORD_OCTETS)
    if (at > octets.length) return undefined
    if (i >= questions) at += octets.readUInt16BE(at - 2)
  }
  return at > octets.length ? undefined : at
}

// RFC 1035 §4.1.4
function endOfName(octets: Buffer, start: number): number {
  for (let at = start; at < octets.length;) {
    const length = octets[at]!
    if (length === 0) return at + 1
    if ((length & POINTER) === POINTER) return at + 2
    at += 1 + length
  }
  return octets.length + 1
}

/** Nobody who compresses names needs more than one. */
const MOST_JUMPS = 16
/** A pointer has fourteen bits. */
const FARTHEST = 0x3f_ff

/**
 * Whether pointers lead to pointers more often than is of any use: thousands of records that each go that way would keep the
 * decoder busy for a second. What looks like a pointer counts as one, wherever it stands.
 */
export function hasPointerChain(octets: Buffer): boolean {
  const jumps = new Uint8Array(Math.min(octets.length, FARTHEST + 1))
  for (let at = 0; at + 1 < jumps.length; at++) {
    const target = octets.readUInt16BE(at) - (POINTER << 8)
    if (target < 0 || target >= at) continue
    jumps[at] = jumps[target]! + 1
    if (jumps[at]! > MOST_JUMPS) return true
  }
  return false
}
