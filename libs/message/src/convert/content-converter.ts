import { isAsciiText } from '@cartero/syntax'
import { Base64Mender } from '../codec/base64-mender.ts'
import { QuotedPrintableMender } from '../codec/quoted-printable-mender.ts'
import { IDENTITY, type TransferEncoder } from '../codec/transfer-encoder.ts'
import { contentFacts } from '../content-facts.ts'
import { downgradeHeader } from '../downgrade/downgraded-header.ts'
import { DEFAULT_CONTENT_TYPE } from '../field/content-type.ts'
import { dashBoundary } from '../mime/boundary.ts'
import { EntityReader, type Entity, type EntityHandler, type EntityStart } from '../mime/entity-reader.ts'
import { INDEX_LIMITS } from '../mime/index-limits.ts'
import { DIGEST_CONTENT_TYPE } from '../mime/open-part.ts'
import { PartHeader } from '../mime/part-header.ts'
import { ConversionError, type ConversionObstacle } from './conversion-error.ts'
import { FilteredLeaf, IdentityLeaf, messageBody, MultipartBody } from './converted-entity.ts'
import type { Hop } from './hop.ts'
import { canonicalHeader, isReadable, withMimeFields, type MimeFields } from './mime-fields.ts'
import { OctetGuard } from './octet-guard.ts'

/** What is done where octets do not fit and must not be encoded. */
export interface ConversionOptions {
  /** multipart/signed and multipart/encrypted (RFC 1847): `keep` leaves them as they are, `convert` breaks the signature. */
  readonly signed?: 'keep' | 'convert'
  /** `refuse` throws a ConversionError; `mask` puts `?` in their place; `leave` lets them pass, against the standard. */
  readonly obstacles?: 'refuse' | 'mask' | 'leave'
}

/** A part of which the header is read. */
interface ReadPart extends EntityStart {
  readonly said: PartHeader
  readonly type: string
  readonly subtype: string
}

/** Parts of one message. Digests have some hundreds; each costs as much time as a kilobyte of text, however small it is. */
export const MOST_PARTS = 10_000

const IDENTITY_ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary'])

/** Rewrites a message for a hop while it passes. Memory is bounded by a header and the look-ahead, whatever its size. */
// RFC 6152 §3, RFC 3030 §3, RFC 2045 §6
export class ContentConverter implements EntityHandler {
  readonly #hop: Hop
  readonly #signed: 'keep' | 'convert'
  readonly #obstacles: 'refuse' | 'mask' | 'leave'
  readonly #reader = new EntityReader(this)
  /** Entities so far. */
  #opened = 0
  #out: Buffer[] = []

  constructor(hop: Hop, options: ConversionOptions = {}) {
    this.#hop = hop
    this.#signed = options.signed ?? 'keep'
    this.#obstacles = options.obstacles ?? 'refuse'
  }

  /** What can go out by now. Throws ConversionError. */
  write(chunk: Buffer): Buffer {
    this.#reader.write(chunk)
    return this.#taken()
  }

  end(): Buffer {
    this.#reader.end()
    return this.#taken()
  }

  open(start: EntityStart): Entity {
    this.#opened++
    if (this.#opened > MOST_PARTS) this.#object('too many parts')
    if (start.ended === 'cut' || !isReadable(start.header)) return this.#unreadable(start.header)
    const said = PartHeader.parse(start.header, INDEX_LIMITS, false)
    const { type, subtype } = said.contentType ?? this.#defaultType(start)
    const part: ReadPart = { ...start, said, type, subtype }
    if (type === 'multipart') return this.#multipart(part)
    if (type === 'message' && (subtype === 'rfc822' || subtype === 'global')) return this.#message(part)
    return this.#leaf(part)
  }

  delimiter(line: Buffer, afterLineEnd: boolean): void {
    if (afterLineEnd) this.#emit(LINE_END)
    this.#emit(line)
    this.#emit(LINE_END)
  }

  // RFC 2046 §5.1.5
  #defaultType({ isMessage, within }: EntityStart): { readonly type: string; readonly subtype: string } {
    const parent = within.at(-1)
    const inDigest = !isMessage && parent instanceof MultipartBody && parent.isDigest
    return inDigest ? DIGEST_CONTENT_TYPE : DEFAULT_CONTENT_TYPE
  }

  #multipart(part: ReadPart): Entity {
    const { said, subtype, within } = part
    const boundary = dashBoundary(said.contentType?.parameters ?? [])
    // RFC 2045 §5.2: what cannot be taken apart is shown as text, and so it is encoded as text.
    if (boundary === undefined) return this.#leaf({ ...part, type: 'text' })
    if (!isAsciiText(boundary)) return this.#untouched(part, 'boundary')
    if (within.length >= INDEX_LIMITS.depth) return this.#untouched(part, 'nested too deeply')
    if (this.#signed === 'keep') {
      if (subtype === 'signed') return this.#untouched(part, 'signed')
      if (subtype === 'encrypted') return this.#untouched(part, 'encrypted')
    }
    this.#emitHeader(part, { encoding: this.#compositeEncoding(said.encoding) })
    return this.#multipartBody(boundary, subtype === 'digest')
  }

  #multipartBody(boundary: string, isDigest: boolean): MultipartBody {
    let refused = false
    const note = (): void => {
      refused = true
    }
    const before = this.#opened
    return new MultipartBody(
      boundary,
      isDigest,
      new OctetGuard(this.#hop, note, 'break'),
      (octets) => this.#emit(octets),
      () => {
        // A multipart in which no part begins is shown as text: then its preamble was for somebody.
        if (refused && this.#opened === before) this.#object('multipart without parts')
      },
    )
  }

  #message(part: ReadPart): Entity {
    const { said, subtype, within } = part
    const isEncoded = said.encoding === 'base64' || said.encoding === 'quoted-printable'
    // RFC 6532 §3.7: a message/global may be encoded as a whole, which keeps its header as it is.
    if (isEncoded || (subtype === 'global' && this.#hop === '7bit')) return this.#leaf(part)
    if (within.length >= INDEX_LIMITS.depth) return this.#untouched(part, 'nested too deeply')
    this.#emitHeader(part, { encoding: this.#compositeEncoding(said.encoding) })
    return messageBody
  }

  /** RFC 2045 §6.4: composite types have no other encoding than the identity. */
  #compositeEncoding(encoding: string | undefined): string | undefined {
    if (encoding === 'binary') return this.#hop
    return encoding === '8bit' && this.#hop === '7bit' ? '7bit' : undefined
  }

  #leaf(part: ReadPart): Entity {
    const { encoding = '7bit' } = part.said
    if (encoding === 'base64') return this.#mended(part, new Base64Mender())
    if (encoding === 'quoted-printable') return this.#mended(part, new QuotedPrintableMender())
    const isKnown = IDENTITY_ENCODINGS.has(encoding)
    // RFC 2045 §6.4 would allow base64 alone for what is neither text nor composite; a report stays readable this way.
    const isText = part.type === 'text' || (part.type === 'message' && part.subtype !== 'global')
    return new IdentityLeaf(
      {
        hop: this.#hop,
        isText,
        isUntyped: part.said.contentType === undefined && part.type === 'text',
        plainEncoding: this.#compositeEncoding(encoding),
        unseen: isKnown ? undefined : this.#guard('unknown encoding'),
      },
      (fields) => this.#emitHeader(part, fields),
      (octets) => this.#emit(octets),
    )
  }

  #mended(part: ReadPart, mender: TransferEncoder): Entity {
    this.#emitHeader(part, {})
    return new FilteredLeaf(mender, (octets) => this.#emit(octets))
  }

  #untouched(part: ReadPart, obstacle: ConversionObstacle): Entity {
    // Where nothing else can come of it, `8bit` on what has to be 7bit is only a wrong label.
    const encoding = this.#obstacles === 'leave' ? undefined : this.#compositeEncoding(part.said.encoding)
    this.#emitHeader(part, { encoding })
    return new FilteredLeaf(this.#guard(obstacle), (octets) => this.#emit(octets))
  }

  #unreadable(header: Buffer): Entity {
    const leaf = new FilteredLeaf(this.#guard('header too long'), (octets) => this.#emit(octets))
    leaf.octets(header)
    return leaf
  }

  #guard(obstacle: ConversionObstacle): TransferEncoder {
    if (this.#obstacles === 'leave') return IDENTITY
    return new OctetGuard(this.#hop, () => this.#object(obstacle))
  }

  #object(obstacle: ConversionObstacle): void {
    if (this.#obstacles === 'refuse') throw new ConversionError(obstacle)
  }

  #emitHeader(part: ReadPart, fields: MimeFields): void {
    const { header, ended, isMessage } = part
    const { bareCr, bareLf, nul, eightBitHeader, eightBitBody } = contentFacts(header)
    const lines = bareCr || bareLf || nul ? canonicalHeader(header) : header
    const isForeign = this.#hop === '7bit' && (eightBitHeader || eightBitBody)
    const carried = isForeign ? downgradeHeader(lines) : lines
    const isChanged = fields.encoding !== undefined || fields.contentType !== undefined
    // Without a blank line an encoded body could be taken for another field.
    if (isChanged || ended !== 'blankLine')
      this.#emit(
        withMimeFields(carried, { ...fields, mimeVersion: isMessage && fields.mimeVersion === true }),
      )
    else this.#emit(carried)
  }

  #emit(octets: Buffer): void {
    if (octets.length > 0) this.#out.push(octets)
  }

  /** A copy: what was gathered may be views of the chunk. */
  #taken(): Buffer {
    const taken = Buffer.concat(this.#out)
    this.#out = []
    return taken
  }
}

const LINE_END = Buffer.from('\r\n')
