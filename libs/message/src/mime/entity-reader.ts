import { headerLineKind } from '../header-line.ts'
import { HEADER_LIMITS } from '../header-limits.ts'
import { KeptOctets } from '../kept-octets.ts'
import type { OctetString } from '../octet-string.ts'
import { CR, DASH, LF } from '../octets.ts'
import { PartialLine } from '../partial-line.ts'
import { Boundaries, delimiterEnd, LONGEST_DELIMITER_LINE, type Delimiter } from './boundary.ts'

/** An entity (RFC 2045 §2.4) whose octets are arriving; what it is, its maker tells from its header. */
export interface Entity {
  /** Of a multipart, with its two leading dashes. */
  readonly boundary?: OctetString
  /** The body is a message, whose header comes next. */
  readonly holdsMessage?: boolean
  /** Body of a leaf; preamble, epilogue and nothing else of a multipart. The bytes are valid during the call only. */
  octets(bytes: Buffer): void
  /** @param isLast the source has ended, too: no delimiter follows */
  close(isLast: boolean): void
}

/** What is known of an entity when its header is read. */
export interface EntityStart {
  /** With its blank line, if it has one. */
  readonly header: Buffer
  /** `cut`: the header is longer than the limit, and its rest comes as body. `otherLine`: a line that is no field ended it. */
  readonly ended: 'blankLine' | 'otherLine' | 'noBody' | 'cut'
  /** The header is that of a message, not of a part. */
  readonly isMessage: boolean
  /** In whose body it stands, outermost first. */
  readonly within: readonly Entity[]
}

export interface EntityHandler {
  open(start: EntityStart): Entity
  /**
   * A delimiter line without its line end. `afterLineEnd`: the line end before it is its own, and was not given to the
   * body.
   */
  delimiter(line: Buffer, afterLineEnd: boolean): void
}

const NOTHING = Buffer.alloc(0)
const DASHED_LINE = Buffer.from('\n--')

/**
 * Takes a message apart while it passes, cut anywhere: for rewriting it. It draws the lines where `MessageIndexer`
 * draws them. What it holds back is a header, or the line end and the line that may be a delimiter.
 */
export class EntityReader {
  readonly #handler: EntityHandler
  readonly #headerLimit: number
  readonly #within: Entity[] = []
  readonly #boundaries = new Boundaries()
  /** Multiparts whose end was seen and whose epilogue is passing. */
  readonly #closed = new WeakSet<Entity>()
  #inHeader = true
  #isMessage = true
  #hasFields = false
  readonly #header: KeptOctets
  #headerLength = 0
  readonly #line = new PartialLine()
  /** Octets of the body that may belong to a delimiter; `#lineAt` is where in them a line begins, or -1. */
  #held: Buffer = NOTHING
  #lineAt = -1

  constructor(handler: EntityHandler, headerLimit: number = HEADER_LIMITS.headerOctets) {
    this.#handler = handler
    this.#headerLimit = headerLimit
    this.#header = new KeptOctets(headerLimit)
  }

  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;)
      at = this.#inHeader ? this.#readHeader(chunk, at) : this.#readBody(chunk, at)
  }

  end(): void {
    if (this.#inHeader && this.#line.length > 0) this.#headerLine()
    if (!this.#inHeader) this.#endBody()
    // The last line may have been a delimiter, behind which another header would begin.
    if (this.#inHeader) this.#finishHeader(this.#headerLength, 'noBody')
    this.#closeAbove(-1, true)
  }

  #beginHeader(isMessage: boolean): void {
    this.#inHeader = true
    this.#isMessage = isMessage
    this.#hasFields = false
    this.#header.reset(this.#headerLimit)
    this.#headerLength = 0
    this.#line.clear()
  }

  /** Takes one line, or as much of it as there is; returns the offset after it. */
  #readHeader(chunk: Buffer, at: number): number {
    const lineFeed = chunk.indexOf(LF, at)
    const next = lineFeed === -1 ? chunk.length : lineFeed + 1
    if (this.#headerLength + next - at > this.#headerLimit) {
      const isLineStart = this.#line.length === 0
      this.#finishHeader(this.#headerLength, 'cut')
      this.#lineAt = isLineStart ? 0 : -1
      return at
    }
    this.#header.append(chunk, at, next)
    this.#line.append(chunk, at, next)
    this.#headerLength += next - at
    const isDecided = lineFeed !== -1 || this.#line.kept === PartialLine.KEPT_OCTETS
    if (isDecided && (lineFeed !== -1 || this.#lineKind() === 'other')) this.#headerLine()
    return next
  }

  #lineKind(): 'field' | 'continuation' | 'blank' | 'other' {
    const kind = headerLineKind(this.#line.bytes, 0, this.#line.kept)
    return kind === 'continuation' && !this.#hasFields ? 'other' : kind
  }

  #headerLine(): void {
    const { bytes, kept, length } = this.#line
    const found =
      length <= LONGEST_DELIMITER_LINE && bytes[0] === DASH && bytes[1] === DASH
        ? this.#boundaries.find(bytes, 0, delimiterEnd(bytes, 0, kept))
        : undefined
    if (found !== undefined) {
      const line = Buffer.from(bytes.subarray(0, delimiterEnd(bytes, 0, kept)))
      this.#finishHeader(this.#headerLength - length, 'noBody')
      this.#delimiter(found, line, false)
      return
    }
    const kind = this.#lineKind()
    if (kind === 'blank') this.#finishHeader(this.#headerLength, 'blankLine')
    else if (kind === 'other') this.#endHeaderBefore(length)
    else {
      this.#hasFields = true
      this.#line.clear()
    }
  }

  /** The last `length` octets are no header: the body begins with them. */
  #endHeaderBefore(length: number): void {
    const octets = this.#header.first(this.#headerLength)
    const line = Buffer.from(octets.subarray(this.#headerLength - length))
    this.#finishHeader(this.#headerLength - length, 'otherLine')
    for (let at = 0; at < line.length;) at = this.#readBody(line, at)
  }

  #finishHeader(length: number, ended: EntityStart['ended']): void {
    const header = Buffer.from(this.#header.first(length))
    this.#inHeader = false
    this.#held = NOTHING
    this.#lineAt = 0
    this.#header.reset(0)
    const isMessage = this.#isMessage
    const entity = this.#handler.open({ header, ended, isMessage, within: this.#within })
    this.#within.push(entity)
    if (entity.boundary !== undefined) this.#boundaries.add(entity.boundary, this.#within.length - 1)
    if (entity.holdsMessage !== true) return
    this.#beginHeader(true)
    // No header begins in the middle of a line's reading: not at what already ended the header around it.
    if (ended !== 'blankLine') this.#finishHeader(0, ended)
  }

  /** Takes octets up to the end of the chunk or the end of a delimiter; returns the offset after them. */
  #readBody(chunk: Buffer, at: number): number {
    if (this.#boundaries.isEmpty) {
      this.#within.at(-1)!.octets(at === 0 ? chunk : chunk.subarray(at))
      return chunk.length
    }
    const heldLength = this.#held.length
    const rest = chunk.subarray(at)
    const bytes = heldLength === 0 ? rest : Buffer.concat([this.#held, rest])
    this.#held = NOTHING
    return at + this.#findDelimiter(bytes) - heldLength
  }

  /** Gives everything before a delimiter to the body, acts on the delimiter, and returns the offset after it. */
  #findDelimiter(bytes: Buffer): number {
    let from = 0
    for (let line = this.#lineAt; ; line = -1) {
      if (line === -1) {
        const lineFeed = bytes.indexOf(DASHED_LINE, from)
        if (lineFeed === -1) return this.#holdTail(bytes, from)
        line = lineFeed + 1
        const end = lineFeed > from && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
        this.#give(bytes, from, end)
        from = end
      } else if (!isDashed(bytes, line)) {
        if (bytes.length - line < 2 && isDash(bytes, line)) return this.#hold(bytes, from, line - from)
        continue
      }
      const lineFeed = bytes.indexOf(LF, line)
      const next = lineFeed === -1 ? bytes.length : lineFeed + 1
      if (lineFeed === -1 && next - line <= LONGEST_DELIMITER_LINE)
        return this.#hold(bytes, from, line - from)
      if (next - line <= LONGEST_DELIMITER_LINE && this.#isDelimiter(bytes, line, next, line > from))
        return next
      this.#give(bytes, from, line + 2)
      from = line + 2
    }
  }

  #isDelimiter(bytes: Buffer, start: number, end: number, afterLineEnd: boolean): boolean {
    const lineEnd = delimiterEnd(bytes, start, end)
    const found = this.#boundaries.find(bytes, start, lineEnd)
    if (found === undefined) return false
    this.#delimiter(found, bytes.subarray(start, lineEnd), afterLineEnd)
    return true
  }

  #give(bytes: Buffer, from: number, to: number): void {
    if (to > from) this.#within.at(-1)!.octets(bytes.subarray(from, to))
  }

  /** A line end, and one dash behind it, may be the start of a delimiter. */
  #holdTail(bytes: Buffer, from: number): number {
    const { length } = bytes
    const endsInDash = bytes[length - 1] === DASH && bytes[length - 2] === LF
    const lineFeed = endsInDash ? length - 2 : length - 1
    const hasLineFeed = length > from && lineFeed >= from && bytes[lineFeed] === LF
    let tail = hasLineFeed ? lineFeed : length
    if (tail > from && bytes[tail - 1] === CR) tail--
    this.#give(bytes, from, tail)
    return this.#hold(bytes, tail, hasLineFeed ? lineFeed + 1 - tail : -1)
  }

  #hold(bytes: Buffer, from: number, lineAt: number): number {
    this.#held = Buffer.from(bytes.subarray(from))
    this.#lineAt = lineAt
    return bytes.length
  }

  #endBody(): void {
    const held = this.#held
    const line = this.#lineAt
    this.#held = NOTHING
    const mayDelimit = held.length > 0 && line !== -1 && isDashed(held, line)
    if (mayDelimit && this.#isDelimiter(held, line, held.length, line > 0)) return
    this.#give(held, 0, held.length)
  }

  #delimiter(found: { level: number; kind: Delimiter }, line: Buffer, afterLineEnd: boolean): void {
    this.#closeAbove(found.level, false)
    this.#handler.delimiter(line, afterLineEnd)
    if (found.kind === 'open') {
      this.#beginHeader(false)
      return
    }
    this.#boundaries.remove(this.#within[found.level]!.boundary!)
    this.#closed.add(this.#within[found.level]!)
    this.#held = NOTHING
    this.#lineAt = 0
  }

  #closeAbove(level: number, isLast: boolean): void {
    while (this.#within.length - 1 > level) {
      const entity = this.#within.pop()!
      if (entity.boundary !== undefined && !this.#closed.has(entity)) this.#boundaries.remove(entity.boundary)
      entity.close(isLast)
    }
  }
}

function isDash(bytes: Buffer, at: number): boolean {
  return at >= bytes.length || bytes[at] === DASH
}

function isDashed(bytes: Buffer, at: number): boolean {
  return bytes[at] === DASH && bytes[at + 1] === DASH
}
