import { DEFAULT_CONTENT_TYPE, type ContentType } from '../field/content-type.ts'
import type { OctetString } from '../octet-string.ts'
import { dashBoundary } from './boundary.ts'
import type { Part } from './message-index.ts'
import type { PartHeader } from './part-header.ts'

type GrowingPart = { -readonly [Member in keyof Part]: Part[Member] }

/** Of a multipart/digest, parts that do not name their type are messages (RFC 2046 §5.1.5). */
export const DIGEST_CONTENT_TYPE: ContentType = { type: 'message', subtype: 'rfc822', parameters: [] }

/** A part whose end is not yet seen. */
export class OpenPart {
  readonly headerStart: number
  /** Whether it is the root of a message, whose header holds an envelope. */
  readonly isMessage: boolean
  /** The part in whose body this one stands. */
  readonly parent: OpenPart | undefined
  /** Valid once the header is read. */
  part!: GrowingPart
  /** Children found so far, when it is a multipart. */
  children: Part[] | undefined
  /** Dashes and boundary, as long as delimiters of this multipart are waited for. */
  boundary: OctetString | undefined
  /** Line feeds before the body. */
  #linesBefore = 0

  constructor(headerStart: number, parent: OpenPart | undefined, isMessage: boolean) {
    this.headerStart = headerStart
    this.parent = parent
    this.isMessage = isMessage
  }

  /** The header is read: the part has a type now, and its body starts at `bodyStart`, after `linesBefore` line feeds. */
  begin(header: PartHeader, bodyStart: number, linesBefore: number): void {
    const { type, subtype, parameters } = header.contentType ?? this.#defaultContentType()
    const { encoding = '7bit', id, description, disposition, language, location, md5 } = header
    const { headerStart } = this
    const part: GrowingPart = {
      type,
      subtype,
      parameters,
      encoding,
      headerStart,
      bodyStart,
      bodyEnd: bodyStart,
      size: 0,
    }
    if (id !== undefined) part.id = id
    if (description !== undefined) part.description = description
    if (disposition !== undefined) part.disposition = disposition
    if (language !== undefined && language.length > 0) part.language = language
    if (location !== undefined) part.location = location
    if (md5 !== undefined) part.md5 = md5
    this.part = part
    this.#linesBefore = linesBefore
  }

  get isMultipart(): boolean {
    return this.part.type === 'multipart'
  }

  /** Whether its body is a message (RFC 2046 §5.2.1, RFC 6532 §3.7). */
  get isMessagePart(): boolean {
    const { type, subtype } = this.part
    return type === 'message' && (subtype === 'rfc822' || subtype === 'global')
  }

  /** RFC 2046 §5.2.1 forbids it for messages; then the octets can be decoded, but not looked into. */
  get isEncoded(): boolean {
    return this.part.encoding === 'base64' || this.part.encoding === 'quoted-printable'
  }

  /** Waits for delimiters; false when the multipart names no boundary. */
  openMultipart(): boolean {
    this.boundary = dashBoundary(this.part.parameters)
    if (this.boundary !== undefined) this.children = []
    return this.boundary !== undefined
  }

  /** RFC 2045 §5.2: what cannot be read as what it says it is, is shown as text. */
  becomeText(): void {
    const { type, subtype, parameters } = DEFAULT_CONTENT_TYPE
    Object.assign(this.part, { type, subtype, parameters })
  }

  becomeOpaque(): void {
    Object.assign(this.part, { type: 'application', subtype: 'octet-stream', parameters: [], opaque: true })
  }

  /**
   * The body ends at `end`, and so do body and header of whatever ends with an outer part, though their own last line end
   * may be the delimiter's. `lines` line feeds stand before `end`.
   */
  close(end: number, lines: number): void {
    const { part } = this
    part.headerStart = Math.min(part.headerStart, end)
    part.bodyStart = Math.min(part.bodyStart, end)
    part.bodyEnd = end
    part.size = end - part.bodyStart
    if (this.children?.length === 0) this.becomeText()
    else if (this.children !== undefined) part.parts = this.children
    if (part.type !== 'text' && part.message === undefined) return
    part.lines = part.size === 0 ? 0 : lines - this.#linesBefore
  }

  #defaultContentType(): ContentType {
    const inDigest = this.parent?.isMultipart === true && this.parent.part.subtype === 'digest'
    return inDigest ? DIGEST_CONTENT_TYPE : DEFAULT_CONTENT_TYPE
  }
}
