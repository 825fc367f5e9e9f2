import { unfold } from './field/unstructured.ts'
import { equalsName } from './field-names.ts'
import { colonOf, headerLineKind, nameEndOf } from './header-line.ts'
import { HEADER_LIMITS, type HeaderLimits } from './header-limits.ts'
import { octetString, type OctetString } from './octet-string.ts'
import { CR, LF } from './octets.ts'

/** One field as it stands in its header (RFC 5322 §2.2). All offsets are into `bytes`; nothing is copied or changed. */
export class HeaderField {
  readonly bytes: Buffer
  /** Where the name begins. */
  readonly start: number
  readonly nameEnd: number
  /** After the colon. */
  readonly valueStart: number
  /** After the last line end that belongs to the field. */
  readonly end: number

  constructor(bytes: Buffer, start: number, nameEnd: number, valueStart: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.nameEnd = nameEnd
    this.valueStart = valueStart
    this.end = end
  }

  /** The name as written. */
  get name(): string {
    return octetString(this.bytes, this.start, this.nameEnd)
  }

  /** Whether the field has this name, which is given in lower case. */
  is(name: string): boolean {
    return this.nameEnd - this.start === name.length && equalsName(this.bytes, this.start, name)
  }

  /** The whole field, line end included. */
  get raw(): Buffer {
    return this.bytes.subarray(this.start, this.end)
  }

  /** Everything after the colon and before the last line end, folds included. */
  get rawValue(): Buffer {
    return this.bytes.subarray(
      this.valueStart,
      this.end - lineEndOctets(this.bytes, this.valueStart, this.end),
    )
  }

  /** The value on one line, without white space around it. */
  get value(): OctetString {
    return unfold(this.bytes, this.valueStart, this.end)
  }
}

/** A header read as fields, without loss: `raw` of all fields and what is after `fieldsEnd` are the octets given. */
export class HeaderBlock {
  readonly bytes: Buffer
  readonly fields: readonly HeaderField[]
  /** After the last field: where a field could be added. */
  readonly fieldsEnd: number
  /** After the blank line; equal to `fieldsEnd` when there is none. */
  readonly bodyStart: number
  /** Whether a limit kept some fields from being read. */
  readonly truncated: boolean

  constructor(
    bytes: Buffer,
    fields: readonly HeaderField[],
    fieldsEnd: number,
    bodyStart: number,
    truncated: boolean,
  ) {
    this.bytes = bytes
    this.fields = fields
    this.fieldsEnd = fieldsEnd
    this.bodyStart = bodyStart
    this.truncated = truncated
  }

  /**
   * Reads the header at the start of `bytes`. It ends after the first blank line, or before the first line that is neither
   * a field nor a continuation. Never throws. Beyond a limit no fields are read, and one that is cut by it is left out.
   */
  static parse(bytes: Buffer, limits: HeaderLimits = HEADER_LIMITS): HeaderBlock {
    const end = Math.min(bytes.length, limits.headerOctets)
    const fields: HeaderField[] = []
    let at = 0
    while (at < end && headerLineKind(bytes, at, end) === 'field') {
      if (fields.length === limits.fields) return new HeaderBlock(bytes, fields, at, at, true)
      const field = readField(bytes, at, end)
      if (field.end === end && end < bytes.length) return new HeaderBlock(bytes, fields, at, at, true)
      fields.push(field)
      at = field.end
    }
    const cut = end < bytes.length && lineEndAfter(bytes, at, end) === end
    return new HeaderBlock(bytes, fields, at, at + blankLineOctets(bytes, at, end), cut)
  }

  /** The first field of that name, whatever its case. */
  find(name: string): HeaderField | undefined {
    const lower = name.toLowerCase()
    return this.fields.find((field) => field.is(lower))
  }

  /** All fields of that name, in order. */
  findAll(name: string): readonly HeaderField[] {
    const lower = name.toLowerCase()
    return this.fields.filter((field) => field.is(lower))
  }

  /**
   * A header of those fields whose name is among `names` (or is not, when `among` is false), in order and as they were, with
   * the blank line: BODY[HEADER.FIELDS] and BODY[HEADER.FIELDS.NOT] of RFC 3501 §6.4.5.
   */
  select(names: readonly string[], among: boolean = true): Buffer {
    const isNamed = matcher(names.map((name) => name.toLowerCase()))
    const chosen = this.fields.filter((field) => isNamed(field) === among)
    return Buffer.concat([...chosen.map((field) => field.raw), BLANK_LINE])
  }
}

/** Up to so many names are compared octet by octet, which costs no string; a client may send thousands. */
const FEW_NAMES = 30

/** @param names in lower case */
function matcher(names: readonly string[]): (field: HeaderField) => boolean {
  if (names.length <= FEW_NAMES) return (field) => names.some((name) => field.is(name))
  const known = new Set(names)
  return (field) => known.has(field.name.toLowerCase())
}

const BLANK_LINE = Buffer.from('\r\n')

function readField(bytes: Buffer, start: number, end: number): HeaderField {
  const valueStart = colonOf(bytes, start, end) + 1
  let at = lineEndAfter(bytes, valueStart, end)
  while (at < end && headerLineKind(bytes, at, end) === 'continuation') at = lineEndAfter(bytes, at, end)
  return new HeaderField(bytes, start, nameEndOf(bytes, start, end), valueStart, at)
}

function lineEndAfter(bytes: Buffer, at: number, end: number): number {
  const lineFeed = bytes.indexOf(LF, at)
  return lineFeed === -1 || lineFeed >= end ? end : lineFeed + 1
}

function lineEndOctets(bytes: Buffer, start: number, end: number): number {
  if (end <= start || bytes[end - 1] !== LF) return 0
  return end - 1 > start && bytes[end - 2] === CR ? 2 : 1
}

function blankLineOctets(bytes: Buffer, at: number, end: number): number {
  if (at >= end || headerLineKind(bytes, at, end) !== 'blank') return 0
  return bytes[at] === CR ? 2 : 1
}
