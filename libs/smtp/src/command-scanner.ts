import { AddressScanner, VCHAR } from '@cartero/syntax'

const SPACE = 0x20

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

  /** The rest of the line without surrounding spaces. */
  remainder(): string {
    this.space()
    return this.rest().toString('latin1').trimEnd()
  }
}
