import { Base64Encoder } from '../codec/base64-encoder.ts'
import { QuotedPrintableEncoder } from '../codec/quoted-printable-encoder.ts'
import { IDENTITY, type TransferEncoder } from '../codec/transfer-encoder.ts'
import { ContentScanner } from '../content-facts.ts'
import { UNKNOWN_CHARSET } from '../field/encoded-word-encoder.ts'
import { KeptOctets } from '../kept-octets.ts'
import type { Entity } from '../mime/entity-reader.ts'
import type { OctetString } from '../octet-string.ts'
import { Utf8Checker } from '../utf8-checker.ts'
import { exceedsHop, type Hop } from './hop.ts'
import type { MimeFields } from './mime-fields.ts'

/** Octets on their way out. They are copied before the next ones come in. */
export type Emit = (octets: Buffer) => void

/** A leaf that passes through a filter, whatever is in it. */
export class FilteredLeaf implements Entity {
  readonly #filter: TransferEncoder
  readonly #emit: Emit

  constructor(filter: TransferEncoder, emit: Emit) {
    this.#filter = filter
    this.#emit = emit
  }

  octets(bytes: Buffer): void {
    this.#emit(this.#filter.write(bytes))
  }

  close(): void {
    this.#emit(this.#filter.end())
  }
}

/** Preamble and epilogue of a multipart are for nobody (RFC 2046 §5.1.1): they are made fit without being refused. */
export class MultipartBody extends FilteredLeaf {
  readonly boundary: OctetString
  readonly isDigest: boolean
  readonly #beforeClose: () => void

  constructor(
    boundary: OctetString,
    isDigest: boolean,
    filter: TransferEncoder,
    emit: Emit,
    beforeClose: () => void,
  ) {
    super(filter, emit)
    this.boundary = boundary
    this.isDigest = isDigest
    this.#beforeClose = beforeClose
  }

  override close(): void {
    super.close()
    this.#beforeClose()
  }
}

/** The body of a message/rfc822: the message within does everything. */
export const messageBody: Entity = { holdsMessage: true, octets: () => undefined, close: () => undefined }

/**
 * Octets of a part that are looked at before its header goes out, since that has to name the encoding. A part that is longer is
 * encoded unseen, which is never wrong. Text of 256 KiB is rare, and this is what one conversion holds in memory.
 */
export const LOOK_AHEAD_OCTETS = 256 * 1024

/** What a leaf in the identity encoding is, and what becomes of it. */
export interface IdentityLeafPlan {
  readonly hop: Hop
  /** Written as quoted-printable if it has to be, not as base64. */
  readonly isText: boolean
  /** It does not say what it is. */
  readonly isUntyped: boolean
  /** What the header says if nothing has to be encoded; undefined leaves it as it is. */
  readonly plainEncoding: string | undefined
  /** Where it goes when it is longer than what is looked at and fine so far; undefined encodes it. */
  readonly unseen: TransferEncoder | undefined
}

/** A leaf in 7bit, 8bit or binary, or what calls itself so: encoded only if the hop cannot carry it (RFC 2045 §6.2). */
export class IdentityLeaf implements Entity {
  readonly #plan: IdentityLeafPlan
  readonly #emitHeader: (fields: MimeFields) => void
  readonly #emit: Emit
  readonly #scanner = new ContentScanner('body')
  readonly #utf8 = new Utf8Checker()
  readonly #seen = new KeptOctets(LOOK_AHEAD_OCTETS)
  #seenOctets = 0
  /** Undefined while the decision is open. */
  #out: TransferEncoder | undefined

  constructor(plan: IdentityLeafPlan, emitHeader: (fields: MimeFields) => void, emit: Emit) {
    this.#plan = plan
    this.#emitHeader = emitHeader
    this.#emit = emit
  }

  octets(bytes: Buffer): void {
    if (this.#out !== undefined) {
      this.#emit(this.#out.write(bytes))
      return
    }
    const room = LOOK_AHEAD_OCTETS - this.#seenOctets
    if (bytes.length > room) {
      this.#look(bytes.subarray(0, room))
      this.#decide(true)
      this.octets(bytes.subarray(room))
    } else this.#look(bytes)
  }

  close(isLast: boolean): void {
    if (this.#out === undefined) this.#decide(false)
    const out = this.#out!
    const end = out.end()
    this.#emit(end)
    if (isLast) this.#emit(finalLineEnd(out))
  }

  #look(bytes: Buffer): void {
    this.#scanner.write(bytes)
    if (this.#plan.isUntyped) for (const octet of bytes) this.#utf8.take(octet)
    this.#seen.append(bytes, 0, bytes.length)
    this.#seenOctets += bytes.length
  }

  #decide(hasMore: boolean): void {
    const { hop, isText, isUntyped, plainEncoding, unseen } = this.#plan
    const { facts } = this.#scanner
    const isPlain = !exceedsHop(facts, hop)
    const seen = this.#seen.first(this.#seenOctets)
    this.#seen.reset(0)
    if (isPlain && (!hasMore || unseen !== undefined)) {
      this.#emitHeader({ encoding: plainEncoding })
      this.#out = unseen ?? IDENTITY
    } else {
      this.#out = isText ? new QuotedPrintableEncoder() : new Base64Encoder()
      const charset = isUntyped && facts.eightBitBody ? this.#charset(hasMore) : undefined
      this.#emitHeader({
        encoding: isText ? 'quoted-printable' : 'base64',
        contentType: charset && `text/plain; charset=${charset}`,
        mimeVersion: true,
      })
    }
    this.#emit(this.#out.write(seen))
  }

  /** RFC 1428: what is not labelled and not UTF-8 is honestly called unknown. */
  #charset(hasMore: boolean): string {
    return (hasMore ? this.#utf8.isValid : this.#utf8.isComplete) ? 'utf-8' : UNKNOWN_CHARSET
  }
}

const NOTHING = Buffer.alloc(0)
const LINE_END = Buffer.from('\r\n')
const SOFT_LINE_END = Buffer.from('=\r\n')

/** RFC 5321 §4.1.1.4: a message ends in a line end; one that says nothing. */
function finalLineEnd(encoder: TransferEncoder): Buffer {
  if (encoder instanceof Base64Encoder) return LINE_END
  return encoder instanceof QuotedPrintableEncoder && !encoder.atLineStart ? SOFT_LINE_END : NOTHING
}
