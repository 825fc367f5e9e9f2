import { FieldNames } from './field-names.ts'
import { HeaderBlock } from './header-block.ts'
import { headerLineKind, nameEndOf } from './header-line.ts'
import { HEADER_LIMITS, type HeaderLimits } from './header-limits.ts'
import { KeptOctets } from './kept-octets.ts'
import { LF } from './octets.ts'
import { PartialLine } from './partial-line.ts'

/** Where a header ends, in octets from the start of the message. */
export interface HeaderEnd {
  /** `blankLine` as it should; `otherLine` at a line that is neither field nor continuation; `noMore` when the message ended. */
  readonly reason: 'blankLine' | 'otherLine' | 'noMore'
  /** After the last field: where fields may be added, followed by a blank line unless the reason is `blankLine`. */
  readonly fieldsEnd: number
  readonly bodyStart: number
}

/**
 * Reads a header from chunks that are cut anywhere. It keeps at most `headerOctets` and counts the fields of interest even
 * beyond that, so a loop is seen behind any amount of padding.
 */
export class HeaderScanner {
  readonly #limits: HeaderLimits
  readonly #names: FieldNames
  readonly #counts = new Map<string, number>()
  readonly #partial = new PartialLine()
  readonly #kept: KeptOctets
  #fields = 0
  /** Octets of complete lines so far. */
  #lineStart = 0
  #end: HeaderEnd | undefined

  /** `interest` names the fields to be counted. */
  constructor(interest: readonly string[] = [], limits: HeaderLimits = HEADER_LIMITS) {
    this.#limits = limits
    this.#names = new FieldNames(interest)
    // One octet more than wanted tells a header that fits from one that was cut.
    this.#kept = new KeptOctets(limits.headerOctets + 1)
  }

  /** Undefined while the header goes on. */
  get ended(): HeaderEnd | undefined {
    return this.#end
  }

  /** Whether the header has more octets or fields than the limits allow. */
  get exceeded(): boolean {
    const octets = this.#end?.fieldsEnd ?? this.#lineStart + this.#partial.length
    return octets > this.#limits.headerOctets || this.#fields > this.#limits.fields
  }

  /** Takes the message's next octets and tells whether the header has ended; then more need not be written. */
  write(chunk: Buffer): boolean {
    if (this.#end !== undefined) return true
    this.#kept.append(chunk, 0, chunk.length)
    let at = this.#partial.length > 0 ? this.#completeLine(chunk) : 0
    while (this.#end === undefined && at < chunk.length) {
      const lineFeed = chunk.indexOf(LF, at)
      const next = lineFeed === -1 ? chunk.length : lineFeed + 1
      if (lineFeed === -1) this.#partial.append(chunk, at, next)
      else this.#line(chunk, at, next, next - at)
      at = next
    }
    return this.#end !== undefined
  }

  /** The message has no more octets. */
  end(): HeaderEnd {
    const { bytes, kept, length } = this.#partial
    if (this.#end === undefined && length > 0) this.#line(bytes, 0, kept, length)
    this.#partial.clear()
    return (this.#end ??= { reason: 'noMore', fieldsEnd: this.#lineStart, bodyStart: this.#lineStart })
  }

  /** How many fields of that name there are so far. The name must be one of interest. */
  count(name: string): number {
    return this.#counts.get(name.toLowerCase()) ?? 0
  }

  has(name: string): boolean {
    return this.count(name) > 0
  }

  /** The fields, within the limits. */
  block(): HeaderBlock {
    return HeaderBlock.parse(this.#kept.first(this.#end?.fieldsEnd ?? this.#lineStart), this.#limits)
  }

  /** Finishes the line that an earlier chunk began; returns the offset after it. */
  #completeLine(chunk: Buffer): number {
    const lineFeed = chunk.indexOf(LF)
    const next = lineFeed === -1 ? chunk.length : lineFeed + 1
    this.#partial.append(chunk, 0, next)
    if (lineFeed === -1) return next
    this.#line(this.#partial.bytes, 0, this.#partial.kept, this.#partial.length)
    this.#partial.clear()
    return next
  }

  #line(bytes: Buffer, start: number, end: number, length: number): void {
    const kind = headerLineKind(bytes, start, end)
    if (kind === 'blank') this.#stop('blankLine', length)
    else if (kind === 'other' || (kind === 'continuation' && this.#fields === 0)) this.#stop('otherLine', 0)
    else {
      if (kind === 'field') this.#countField(bytes, start, end)
      this.#lineStart += length
    }
  }

  #countField(bytes: Buffer, start: number, end: number): void {
    this.#fields++
    const name = this.#names.find(bytes, start, nameEndOf(bytes, start, end))
    if (name !== undefined) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  #stop(reason: HeaderEnd['reason'], blankLineOctets: number): void {
    this.#end = { reason, fieldsEnd: this.#lineStart, bodyStart: this.#lineStart + blankLineOctets }
  }
}
