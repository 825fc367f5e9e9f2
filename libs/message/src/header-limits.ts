/** How much of a header is kept and looked at. What is beyond still belongs to the header. */
export interface HeaderLimits {
  /**
   * Octets of one header. Real headers have 2 to 20 KiB, long recipient lists 100; as many are held in memory at once for
   * each message that is being read.
   */
  readonly headerOctets: number
  /** Fields of one header. Real headers have some dozens; a hundred Received fields is where loops are cut (RFC 5321 §6.3). */
  readonly fields: number
}

export const HEADER_LIMITS: HeaderLimits = { headerOctets: 256 * 1024, fields: 2_000 }
