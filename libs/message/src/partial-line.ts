/**
 * The beginning of a line that was cut by a chunk's end. Only as much is kept as is ever looked at, so a line without an end
 * costs no more memory than a short one.
 */
export class PartialLine {
  /** Enough for a field's name and for a delimiter line: both have at most 998 octets, and their line end. */
  static readonly KEPT_OCTETS = 1_000

  readonly bytes: Buffer = Buffer.allocUnsafe(PartialLine.KEPT_OCTETS)
  /** Octets in `bytes`. */
  kept: number = 0
  /** Octets of the line so far, kept or not. */
  length: number = 0
  /** The last octet so far, kept or not. */
  last: number = -1

  append(chunk: Buffer, from: number, to: number): void {
    if (to <= from) return
    this.kept += chunk.copy(this.bytes, this.kept, from, to)
    this.length += to - from
    this.last = chunk[to - 1]!
  }

  clear(): void {
    this.kept = 0
    this.length = 0
    this.last = -1
  }
}
