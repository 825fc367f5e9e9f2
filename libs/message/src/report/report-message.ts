import {
  formatDateTime,
  isAscii,
  isAsciiText,
  makeMessageId,
  parseMessageIds,
  type MessageId,
} from '@cartero/syntax'
import { QuotedPrintableEncoder } from '../codec/quoted-printable-encoder.ts'
import { downgradeHeader } from '../downgrade/downgraded-header.ts'
import type { HeaderBlock } from '../header-block.ts'
import { textOf } from '../octet-string.ts'
import { pieces as linePieces } from './report-fields.ts'

/** Clock and chance, and who writes. */
export interface ReportAuthor {
  /** DNS name of the reporting host. */
  readonly host: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** As many unpredictable octets as asked. */
  readonly random: (octets: number) => Uint8Array
  /** Minutes east of UTC in which the date is shown; 0 unless given. */
  readonly offsetMinutes?: number
}

/** A message of three parts, ready to go out with a null reverse-path. */
export interface ReportMessage<Body extends Buffer | AsyncIterable<Buffer>> {
  /** With the blank line. */
  readonly header: Buffer
  readonly body: Body
  readonly messageId: MessageId
  /** There are octets above 127, in the header too: it can only go where SMTPUTF8 is. */
  readonly needsSmtpUtf8: boolean
}

/** One part of the three. */
export interface ReportPart {
  readonly contentType: string
  /** Absent for what is 7bit, or 8bit in a report that is in UTF-8. */
  readonly encoding?: string
  readonly body: Buffer | AsyncIterable<Buffer>
}

/** What the header of a report says. */
export interface ReportHeading {
  readonly from: string
  readonly to: string
  readonly subject: string
  /** `auto-replied` or `auto-generated` (RFC 3834 §5). */
  readonly autoSubmitted: string
  readonly reportType: 'delivery-status' | 'disposition-notification'
  readonly isWide: boolean
}

/** Ids of a thread that are repeated: the first and the last ones. Real threads have some dozens. */
const MOST_REFERENCES = 20
/** Octets of an id that is repeated; with the name of its field it has to fit a line (RFC 5322 §2.1.1). */
const LONGEST_ID = 900

/** Words for people as a part: as they are where they are ASCII or UTF-8 may pass, else in quoted-printable. */
export function textPart(text: string, isWide: boolean): ReportPart {
  const octets = Buffer.from(text.split('\r\n').flatMap(linePieces).join('\r\n'))
  if (isAscii(octets)) return { contentType: 'text/plain; charset=us-ascii', body: octets }
  const contentType = 'text/plain; charset=utf-8'
  if (isWide) return { contentType, body: octets }
  const encoder = new QuotedPrintableEncoder()
  return {
    contentType,
    encoding: 'quoted-printable',
    body: Buffer.concat([encoder.write(octets), encoder.end()]),
  }
}

/** Puts the parts of a report together (RFC 6522 §3). A body that is streamed makes the whole streamed. */
export function reportMessage(
  heading: ReportHeading,
  parts: readonly ReportPart[],
  original: HeaderBlock | undefined,
  author: ReportAuthor,
): ReportMessage<Buffer | AsyncIterable<Buffer>> {
  const boundary = boundaryFor(parts, author.random)
  const messageId = makeMessageId(author.host, author.now, author.random)
  const header = reportHeader(heading, boundary, messageId, original, author)
  const pieces = [
    ...parts.flatMap((part) => partPieces(part, boundary, heading.isWide)),
    Buffer.from(`--${boundary}--\r\n`),
  ]
  const isWhole = pieces.every((piece) => Buffer.isBuffer(piece))
  const body = isWhole ? Buffer.concat(pieces) : streamed(pieces)
  return { header, body, messageId, needsSmtpUtf8: heading.isWide }
}

function reportHeader(
  heading: ReportHeading,
  boundary: string,
  messageId: MessageId,
  original: HeaderBlock | undefined,
  { now, offsetMinutes }: ReportAuthor,
): Buffer {
  const lines = [
    `From: ${heading.from}`,
    `To: ${heading.to}`,
    `Subject: ${heading.subject}`,
    `Date: ${formatDateTime(now(), offsetMinutes)}`,
    `Message-ID: ${messageId}`,
    ...threadFields(original),
    `Auto-Submitted: ${heading.autoSubmitted}`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=${heading.reportType};\r\n boundary="${boundary}"`,
    // RFC 6522 §3, RFC 6533 §4: 8bit only for what is in UTF-8.
    `Content-Transfer-Encoding: ${heading.isWide ? '8bit' : '7bit'}`,
  ]
  const header = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)
  return heading.isWide ? header : downgradeHeader(header)
}

/** RFC 5322 §3.6.4, RFC 3834 §3.1.6: the notice belongs to the thread of its message. */
export function threadFields(original: HeaderBlock | undefined): readonly string[] {
  const ids = (name: string): readonly MessageId[] =>
    parseMessageIds(textOf(original?.find(name)?.value ?? '')).filter(
      (id) => isAsciiText(id) && id.length <= LONGEST_ID,
    )
  const [messageId] = ids('message-id')
  if (messageId === undefined) return []
  const before = ids('references')
  const kept = before.length < MOST_REFERENCES ? before : [before[0]!, ...before.slice(-MOST_REFERENCES + 1)]
  return [`In-Reply-To: ${messageId}`, `References: ${[...kept, messageId].join('\r\n ')}`]
}

// RFC 2045 §6.7: `=_` stands in no quoted-printable and in no base64.
function boundaryFor(parts: readonly ReportPart[], random: ReportAuthor['random']): string {
  const stem = `=_${Buffer.from(random(16)).toString('hex')}`
  const occurs = (text: string): boolean =>
    parts.some(({ body }) => Buffer.isBuffer(body) && body.includes(`--${text}`))
  // Chance decides about what is streamed; what is here is looked at.
  let boundary = stem
  for (let n = 1; occurs(boundary); n++) boundary = `${stem}.${n}`
  return boundary
}

function partPieces(
  { contentType, encoding = '8bit', body }: ReportPart,
  boundary: string,
  isWide: boolean,
): readonly (Buffer | AsyncIterable<Buffer>)[] {
  const isEncoded = isWide || encoding !== '8bit'
  const field = isEncoded ? `Content-Transfer-Encoding: ${encoding}\r\n` : ''
  return [
    Buffer.from(`--${boundary}\r\nContent-Type: ${contentType}\r\n${field}\r\n`),
    body,
    Buffer.from('\r\n'),
  ]
}

async function* streamed(pieces: readonly (Buffer | AsyncIterable<Buffer>)[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece
    else yield* piece
  }
}

/** Characters of an address. Real ones have at most 509 octets; no line may have 999. */
const LONGEST_ADDRESS = 800

/** `<address>` with nothing in it that would end the field, the address or the line. */
export function bracketed(address: string): string {
  const text = address.replace(/[\p{Cc}<>]|\p{Cs}/gu, '?')
  return `<${Buffer.byteLength(text) <= LONGEST_ADDRESS ? text : text.slice(0, LONGEST_ADDRESS / 4)}>`
}
