import { headerLineKind, type HeaderLineKind } from '../header-line.ts'
import { KeptOctets } from '../kept-octets.ts'
import { CR, DASH, LF } from '../octets.ts'
import { PartialLine } from '../partial-line.ts'
import { Boundaries, delimiterEnd, LONGEST_DELIMITER_LINE } from './boundary.ts'
import { INDEX_LIMITS, type IndexLimits } from './index-limits.ts'
import type { Envelope, MessageIndex, Part } from './message-index.ts'
import { OpenPart } from './open-part.ts'
import { PartHeader } from './part-header.ts'

const NOTHING = Buffer.alloc(0)

/**
 * Indexes a message from its octets, cut anywhere. It holds at most one header, the start of one line and the index itself,
 * whatever the message's size, and never throws. A bare LF ends a line as CRLF does, since APPEND may bring such mail.
 *
 * Every line is looked at once: delimiters of the open multiparts first, then the header in which it
 * stands. Where no multipart is open, lines are only counted.
 */
export class MessageIndexer {
  readonly #limits: IndexLimits
  /** From the root to the part whose octets are arriving. */
  readonly #open: OpenPart[] = []
  /** What those of them that are multiparts wait for. */
  readonly #boundaries = new Boundaries()
  #parts = 0
  #root: Part | undefined
  #envelope: Envelope = {}

  #chunk: Buffer = NOTHING
  #chunkStart = 0
  readonly #partial = new PartialLine()
  /** Offset of the line that is looked at, and the octets of the line end before it. */
  #lineStart = 0
  #lineEndBefore = 0
  #lines = 0

  #inHeader = false
  #headerHasFields = false
  /** The present header, as far as it stood in earlier chunks. */
  readonly #header = new KeptOctets(0)
  #headerOctetsLeft: number

  constructor(limits: Partial<IndexLimits> = {}) {
    this.#limits = { ...INDEX_LIMITS, ...limits }
    this.#headerOctetsLeft = this.#limits.allHeaderOctets
    this.#openPart(0, true)
  }

  /** Takes the next octets. The chunk may be reused afterwards. */
  write(chunk: Buffer): void {
    this.#chunk = chunk
    let at = this.#partial.length > 0 ? this.#completeLine(chunk) : 0
    while (at < chunk.length) {
      if (!this.#inHeader && this.#boundaries.isEmpty) {
        this.#countLines(chunk, at)
        break
      }
      const lineFeed = chunk.indexOf(LF, at)
      if (lineFeed === -1) {
        this.#partial.append(chunk, at, chunk.length)
        break
      }
      const next = lineFeed + 1
      this.#line(chunk, at, next, next - at)
      this.#endLine(lineFeed > at ? chunk[lineFeed - 1]! : -1)
      at = next
    }
    this.#leaveChunk(chunk)
  }

  /** The message is complete. */
  end(): MessageIndex {
    const size = this.#chunkStart
    this.#chunk = NOTHING
    const { bytes, kept, length } = this.#partial
    if (length > 0) this.#line(bytes, 0, kept, length)
    this.#finishHeaders(size)
    this.#closeAbove(-1, size, 0)
    const root = this.#root!
    return {
      version: 1,
      size,
      lines: this.#lines,
      headerLength: root.bodyStart,
      envelope: this.#envelope,
      root,
    }
  }

  /** Finishes the line that an earlier chunk began; returns the offset after it. */
  #completeLine(chunk: Buffer): number {
    const partial = this.#partial
    const lineFeed = chunk.indexOf(LF)
    const next = lineFeed === -1 ? chunk.length : lineFeed + 1
    const before = lineFeed > 0 ? chunk[lineFeed - 1]! : partial.last
    partial.append(chunk, 0, next)
    if (lineFeed === -1) return next
    this.#line(partial.bytes, 0, partial.kept, partial.length)
    this.#endLine(before)
    partial.clear()
    return next
  }

  #endLine(octetBefore: number): void {
    this.#lineEndBefore = octetBefore === CR ? 2 : 1
    this.#lines++
  }

  #countLines(chunk: Buffer, from: number): void {
    for (let at = chunk.indexOf(LF, from); at !== -1; at = chunk.indexOf(LF, at + 1)) this.#lines++
  }

  #leaveChunk(chunk: Buffer): void {
    if (this.#inHeader) {
      const from = Math.max(0, this.#open.at(-1)!.headerStart - this.#chunkStart)
      this.#header.append(chunk, from, chunk.length)
    }
    this.#chunkStart += chunk.length
    this.#chunk = NOTHING
  }

  /** One line; `length` counts its octets even where `bytes` holds only the first of them. */
  #line(bytes: Buffer, start: number, end: number, length: number): void {
    const mayDelimit = !this.#boundaries.isEmpty && length <= LONGEST_DELIMITER_LINE
    const isDashed = mayDelimit && bytes[start] === DASH && bytes[start + 1] === DASH
    const delimits = isDashed && this.#delimiter(bytes, start, end, length)
    if (!delimits && this.#inHeader) this.#headerLine(headerLineKind(bytes, start, end), length)
    this.#lineStart += length
  }

  /** Ends the parts that this line delimits, if it is a delimiter, and begins the next one. */
  #delimiter(bytes: Buffer, start: number, end: number, length: number): boolean {
    const found = this.#boundaries.find(bytes, start, delimiterEnd(bytes, start, end))
    if (found === undefined) return false
    const { level, kind } = found
    // Past the limit no part begins: the last one goes on to the end of its multipart.
    if (kind === 'open' && this.#parts >= this.#limits.parts) return false
    this.#finishHeaders(this.#lineStart)
    this.#closeAbove(level, this.#lineStart, this.#lineEndBefore)
    if (kind === 'open') this.#openPart(this.#lineStart + length, false)
    else this.#stopWaiting(this.#open[level]!)
    return true
  }

  #headerLine(kind: HeaderLineKind, length: number): void {
    if (kind === 'blank') this.#finishHeader(this.#lineStart + length, this.#lines + 1)
    else if (kind === 'other' || (kind === 'continuation' && !this.#headerHasFields))
      this.#finishHeaders(this.#lineStart)
    else this.#headerHasFields = true
  }

  #openPart(headerStart: number, isMessage: boolean): void {
    this.#open.push(new OpenPart(headerStart, this.#open.at(-1), isMessage))
    this.#parts++
    this.#inHeader = true
    this.#headerHasFields = false
    this.#header.reset(this.#headerLimit() + 1)
  }

  #headerLimit(): number {
    return Math.min(this.#limits.headerOctets, this.#headerOctetsLeft)
  }

  /** No header goes on past `end`, not even that of a message which would begin there. */
  #finishHeaders(end: number): void {
    while (this.#inHeader) this.#finishHeader(end, this.#lines)
  }

  #finishHeader(end: number, linesBefore: number): void {
    const open = this.#open.at(-1)!
    const limits = { ...this.#limits, headerOctets: this.#headerLimit() }
    const header = PartHeader.parse(this.#headerOctets(open.headerStart, end), limits, open.isMessage)
    this.#headerOctetsLeft -= Math.min(end - open.headerStart, limits.headerOctets)
    this.#inHeader = false
    this.#header.reset(0)
    open.begin(header, end, linesBefore)
    this.#attach(open.part, open.parent, header.envelope)
    if (limits.headerOctets === 0) open.becomeOpaque()
    this.#lookInto(open)
  }

  /** The header from `start` to `end`, cut where one octet tells that it is longer than its limit. */
  #headerOctets(start: number, end: number): Buffer {
    const from = start - this.#chunkStart
    const to = end - this.#chunkStart
    if (from >= 0) return this.#chunk.subarray(from, Math.min(to, from + this.#headerLimit() + 1))
    this.#header.append(this.#chunk, 0, to)
    return this.#header.first(end - start)
  }

  #attach(part: Part, parent: OpenPart | undefined, envelope: Envelope): void {
    if (parent === undefined) {
      this.#root = part
      this.#envelope = envelope
    } else if (parent.children !== undefined) parent.children.push(part)
    else parent.part.message = { envelope, root: part }
  }

  /** A multipart waits for its delimiters, a message begins with its header, everything else is a leaf. */
  #lookInto(open: OpenPart): void {
    if (!open.isMultipart && !open.isMessagePart) return
    if (this.#open.length > this.#limits.depth) open.becomeOpaque()
    else if (open.isMultipart) {
      if (open.openMultipart()) this.#boundaries.add(open.boundary!, this.#open.length - 1)
      else open.becomeText()
    } else if (open.isEncoded || this.#parts >= this.#limits.parts) open.becomeOpaque()
    else this.#openPart(open.part.bodyStart, true)
  }

  /** Ends all parts above that level before the line end of `lineEnd` octets, which belongs to the delimiter at `end`. */
  #closeAbove(level: number, end: number, lineEnd: number): void {
    const outermost = this.#open[level + 1]
    if (outermost === undefined) return
    const bodyEnd = Math.max(outermost.part.bodyStart, end - lineEnd)
    while (this.#open.length - 1 > level) {
      const open = this.#open.pop()!
      if (open.boundary !== undefined) this.#stopWaiting(open)
      open.close(bodyEnd, lineEnd > 0 ? this.#lines - 1 : this.#lines)
    }
  }

  #stopWaiting(multipart: OpenPart): void {
    this.#boundaries.remove(multipart.boundary!)
    multipart.boundary = undefined
  }
}
