/** The peer's words do not follow the grammar. `offset` counts octets from the start of the scanned bytes. */
export class SyntaxFault extends Error {
  override readonly name = 'SyntaxFault'
  readonly offset: number
  readonly expected: string

  constructor(expected: string, offset: number) {
    super(`expected ${expected} at octet ${offset}`)
    this.expected = expected
    this.offset = offset
  }
}

/** 256 flags, one for each octet: membership in a character class of some grammar. */
export type OctetClass = Uint8Array

/** Makes an octet class from literal characters and ranges, e.g. `octetClass('-._', ['a', 'z'])`. */
export function octetClass(
  characters: string,
  ...ranges: readonly (readonly [string, string])[]
): OctetClass {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  for (const [first, last] of ranges) table.fill(1, first.charCodeAt(0), last.charCodeAt(0) + 1)
  return table
}

/**
 * A cursor over octets. Methods come in two families: `x()` takes the thing or returns undefined (and does not
 * move); `expectX()` takes it or throws a `SyntaxFault`. Grammars extend it with methods named after their ABNF rules.
 */
export class Scanner {
  readonly bytes: Buffer
  readonly end: number
  offset: number

  constructor(bytes: Buffer, offset: number = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.offset = offset
    this.end = end
  }

  get atEnd(): boolean {
    return this.offset >= this.end
  }

  /** The octet under the cursor, or -1 at the end. */
  peek(): number {
    return this.offset < this.end ? this.bytes[this.offset]! : -1
  }

  /** Takes one given octet. */
  octet(value: number): boolean {
    if (this.peek() !== value) return false
    this.offset++
    return true
  }

  expectOctet(value: number): void {
    if (!this.octet(value)) throw new SyntaxFault(JSON.stringify(String.fromCharCode(value)), this.offset)
  }

  /** Takes an ASCII literal, whatever its case. `literal` is given in lower case. */
  literal(literal: string): boolean {
    if (this.offset + literal.length > this.end) return false
    for (let i = 0; i < literal.length; i++) {
      const octet = this.bytes[this.offset + i]!
      const lower = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet
      if (lower !== literal.charCodeAt(i)) return false
    }
    this.offset += literal.length
    return true
  }

  expectLiteral(literal: string): void {
    if (!this.literal(literal)) throw new SyntaxFault(JSON.stringify(literal), this.offset)
  }

  /** Takes one or more octets of the class, as text (latin1: one character an octet). */
  run(octets: OctetClass): string | undefined {
    const start = this.offset
    while (this.offset < this.end && octets[this.bytes[this.offset]!] === 1) this.offset++
    return this.offset > start ? this.bytes.toString('latin1', start, this.offset) : undefined
  }

  expectRun(octets: OctetClass, name: string): string {
    const text = this.run(octets)
    if (text === undefined) throw new SyntaxFault(name, this.offset)
    return text
  }

  expectEnd(): void {
    if (!this.atEnd) throw new SyntaxFault('end of line', this.offset)
  }

  /** What is left, without moving. */
  rest(): Buffer {
    return this.bytes.subarray(this.offset, this.end)
  }
}
