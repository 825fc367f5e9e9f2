import { QuotedPrintableEncoder } from '../codec/quoted-printable-encoder.ts'
import { contentFacts } from '../content-facts.ts'
import { to7Bit, to8Bit } from '../convert/converted-content.ts'
import { canonicalHeader } from '../convert/mime-fields.ts'
import { downgradeHeader } from '../downgrade/downgraded-header.ts'
import { HeaderBlock } from '../header-block.ts'
import { HEADER_LIMITS } from '../header-limits.ts'
import { LF } from '../octets.ts'
import { REPORT_LIMITS } from './delivery-report.ts'
import type { ReportPart } from './report-message.ts'

/** The message that a report is about: its octets, or its header alone; or what is read only if it is given back. */
export type OriginalMessage = Buffer | StreamedMessage

/** A message that need not be in memory. */
export interface StreamedMessage {
  readonly header: Buffer
  /** Octets of the whole message, header included. */
  readonly octets: number
  /** The whole message, header included. */
  readonly source: AsyncIterable<Uint8Array>
}

/** A signature in what comes back is worth less than what it says. */
const CONVERSION = { signed: 'convert', obstacles: 'mask' } as const

/** The header of the original, without what is behind it. */
export function headerOf(original: OriginalMessage): Buffer {
  const octets = Buffer.isBuffer(original) ? original : original.header
  return octets.subarray(0, HeaderBlock.parse(octets, HEADER_LIMITS).fieldsEnd)
}

/** RFC 5322 §2.1.1, RFC 2045 §2.7 */
const LONGEST_LINE = 998

/**
 * The original as it is given back: whole if that is wanted and it is not too large, or else its header (RFC 6522 §3). A header
 * with lines that no relay has to take is encoded, which it cannot be within the message.
 */
export function returnedPart(
  original: OriginalMessage,
  wanted: 'full' | 'headers',
  isWide: boolean,
  mostOctets: number = REPORT_LIMITS.contentOctets,
): ReportPart {
  const octets = Buffer.isBuffer(original) ? original.length : original.octets
  return wanted === 'full' && octets <= mostOctets && !hasLongLine(headerOf(original))
    ? wholePart(original, isWide)
    : headerPart(original, isWide)
}

// RFC 3464 §2, RFC 6533 §4
function wholePart(original: OriginalMessage, isWide: boolean): ReportPart {
  const isGlobal = isWide && contentFacts(headerOf(original)).utf8Header
  const source = Buffer.isBuffer(original) ? original : original.source
  return {
    contentType: isGlobal ? 'message/global' : 'message/rfc822',
    body: isWide ? to8Bit(source, CONVERSION) : to7Bit(source, CONVERSION),
  }
}

// RFC 6522 §4, RFC 6533 §4
function headerPart(original: OriginalMessage, isWide: boolean): ReportPart {
  const header = canonicalHeader(withinLimit(headerOf(original)))
  const isGlobal = isWide && contentFacts(header).utf8Header
  const contentType = isGlobal ? 'message/global-headers' : 'text/rfc822-headers'
  const body = isGlobal ? header : downgradeHeader(header)
  if (!hasLongLine(body)) return { contentType, body }
  const encoder = new QuotedPrintableEncoder()
  return {
    contentType,
    encoding: 'quoted-printable',
    body: Buffer.concat([encoder.write(body), encoder.end()]),
  }
}

function hasLongLine(octets: Buffer): boolean {
  return contentFacts(octets).longestLine > LONGEST_LINE
}

/** As many whole fields as there is room for. */
function withinLimit(header: Buffer): Buffer {
  if (header.length <= REPORT_LIMITS.headerOctets) return header
  const { fields } = HeaderBlock.parse(header)
  const last = fields.findLast(
    (field) => field.end <= REPORT_LIMITS.headerOctets && header[field.end - 1] === LF,
  )
  return header.subarray(0, last?.end ?? 0)
}
