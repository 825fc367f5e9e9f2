/** The polynomial of Castagnoli, reversed. */
const POLYNOMIAL = 0x82f6_3b78

const TABLE = Uint32Array.from({ length: 256 }, (_, octet) => {
  let sum = octet
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ POLYNOMIAL : sum >>> 1
  return sum >>> 0
})

/** CRC-32C of several runs of octets, one behind the other. */
export function crc32c(...runs: readonly Uint8Array[]): number {
  let sum = 0xffff_ffff
  for (const run of runs) for (const octet of run) sum = TABLE[(sum ^ octet) & 0xff]! ^ (sum >>> 8)
  return (sum ^ 0xffff_ffff) >>> 0
}
