/**
 * Tells whether octets are UTF-8, one after another (RFC 3629 §4): no overlong forms, no surrogates, nothing beyond
 * U+10FFFF.
 */
export class Utf8Checker {
  #isValid = true
  /** Octets of the present character that are still to come. */
  #missing = 0
  /** What the next of them may be. */
  #lowest = 0x80
  #highest = 0xbf

  /** All octets so far, and no character is cut. */
  get isComplete(): boolean {
    return this.#isValid && this.#missing === 0
  }

  /** All octets so far; the last character may be cut. */
  get isValid(): boolean {
    return this.#isValid
  }

  take(octet: number): void {
    if (this.#missing > 0) this.#continue(octet)
    else if (octet >= 0x80) this.#begin(octet)
  }

  #continue(octet: number): void {
    if (octet < this.#lowest || octet > this.#highest) this.#isValid = false
    this.#missing--
    this.#lowest = 0x80
    this.#highest = 0xbf
  }

  #begin(octet: number): void {
    if (octet < 0xc2 || octet > 0xf4) this.#isValid = false
    else this.#missing = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3
    if (octet === 0xe0) this.#lowest = 0xa0
    if (octet === 0xed) this.#highest = 0x9f
    if (octet === 0xf0) this.#lowest = 0x90
    if (octet === 0xf4) this.#highest = 0x8f
  }
}
