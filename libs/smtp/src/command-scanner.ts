import { AddressScanner, decodeUtf8, isAscii, VCHAR, withUtf8 } from '@cartero/syntax'

const SPACE = 0x20
const VCHAR_UTF8 = withUtf8(VCHAR)

/** Reads what stands behind a verb. */
// RFC 5321 §4.1.1
export class CommandScanner extends AddressScanner {
  /** One space or more. Several are no grammar but common, and harmless on a line of their own. */
  space(): boolean {
    if (!this.octet(SPACE)) return false
    while (this.octet(SPACE));
    return true
  }

  /** Spaces before the end, which RFC 5321 §4.1.1 asks servers to tolerate, and then the end. */
  lineEnd(): boolean {
    this.space()
    return this.atEnd
  }

  /** Visible octets up to the next space. */
  word(): string | undefined {
    return this.run(VCHAR)
  }

  /** As a word, and UTF-8 is let pass and remembered in `sawUtf8`: parameters may have it where addresses may. */
  // RFC 6531 §3.3: esmtp-value
  parameter(): string | undefined {
    const start = this.offset
    while (VCHAR_UTF8[this.peek()] === 1) this.offset++
    const octets = this.bytes.subarray(start, this.offset)
    if (octets.length === 0 || isAscii(octets)) return octets.toString('latin1') || undefined
    this.sawUtf8 = true
    const text = decodeUtf8(octets)
    if (text === undefined) this.offset = start
    return text
  }

  /** All that is left, without surrounding spaces; undefined for what is no UTF-8. */
  text(): string | undefined {
    this.space()
    const text = decodeUtf8(this.rest())?.replace(/ +$/, '')
    if (text !== undefined) this.offset = this.bytes.length
    return text
  }

  /** The rest of the line without surrounding spaces. */
  remainder(): string {
    this.space()
    return this.rest().toString('latin1').trimEnd()
  }
}
