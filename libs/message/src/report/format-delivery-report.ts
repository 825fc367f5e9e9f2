import { isAsciiText } from '@cartero/syntax'
import { contentFacts } from '../content-facts.ts'
import { HeaderBlock } from '../header-block.ts'
import type { DeliveryAction, DeliveryReport } from './delivery-report.ts'
import { ACTIONS, deliveryReportText } from './delivery-report-text.ts'
import { deliveryStatusPart } from './delivery-status-part.ts'
import {
  bracketed,
  reportMessage,
  textPart,
  type ReportAuthor,
  type ReportMessage,
  type ReportPart,
} from './report-message.ts'
import { headerOf, returnedPart, type OriginalMessage, type StreamedMessage } from './returned-message.ts'

export interface DeliveryReportOptions extends ReportAuthor {
  /**
   * The reverse-path of the message. The null one gets no report: that would be an endless loop (RFC 3464 §2,
   * RFC 5321 §6.1).
   */
  readonly to: string
  /** Whom to ask, an address; `postmaster@<host>` unless given. */
  readonly postmaster?: string
  readonly queueId?: string
  /** RET of RFC 3461 §4.3; `headers` unless given, because a sender may be forged. */
  readonly return?: 'full' | 'headers'
  /** REQUIRETLS was asked for: only the header is given back (RFC 8689 §5). */
  readonly requireTls?: boolean
  /**
   * The report may be in UTF-8 where it has to be, since the message came by SMTPUTF8 (RFC 6533 §4). Else it is ASCII
   * throughout.
   */
  readonly smtpUtf8?: boolean
  /** Octets of the largest message that is given back whole; `REPORT_LIMITS.contentOctets` unless given. */
  readonly mostContentOctets?: number
}

const SUBJECTS: Readonly<Record<DeliveryAction, string>> = {
  failed: 'Your message could not be delivered',
  delayed: 'Your message is delayed',
  expanded: 'Your message was handed on to a list',
  relayed: 'Your message was handed on',
  delivered: 'Your message was delivered',
}

/**
 * A delivery status notification (RFC 3464 §2): words for people, the same for machines, and what it is about. A stream
 * comes out if and only if the original is a stream and is given back whole. Throws RangeError for a null reverse-path
 * and for a report without recipients.
 */
export function formatDeliveryReport(
  report: DeliveryReport,
  original: Buffer | undefined,
  options: DeliveryReportOptions,
): ReportMessage<Buffer>
export function formatDeliveryReport(
  report: DeliveryReport,
  original: StreamedMessage | Buffer | undefined,
  options: DeliveryReportOptions,
): ReportMessage<Buffer | AsyncIterable<Buffer>>
export function formatDeliveryReport(
  report: DeliveryReport,
  original: OriginalMessage | undefined,
  options: DeliveryReportOptions,
): ReportMessage<Buffer | AsyncIterable<Buffer>> {
  if (options.to === '') throw new RangeError('no report is sent to the null reverse-path')
  if (report.recipients.length === 0) throw new RangeError('a report tells of at least one recipient')
  const { host, queueId, postmaster = `postmaster@${host}` } = options
  const isWide = options.smtpUtf8 === true && isForeign(report, original, options.to)
  const header = original && HeaderBlock.parse(headerOf(original))
  const context = { host, queueId, postmaster, original: header }
  const parts: ReportPart[] = [
    textPart(deliveryReportText(report, context), isWide),
    {
      contentType: isWide ? 'message/global-delivery-status' : 'message/delivery-status',
      body: deliveryStatusPart(report, isWide),
    },
  ]
  if (original !== undefined)
    parts.push(returnedPart(original, wanted(report, options), isWide, options.mostContentOctets))
  const heading = {
    from: `Mail delivery system ${bracketed(postmaster)}`,
    to: bracketed(options.to),
    subject: SUBJECTS[mainAction(report)],
    autoSubmitted: 'auto-replied',
    reportType: 'delivery-status',
    isWide,
  } as const
  return reportMessage(heading, parts, header, options)
}

/** RFC 3461 §4.3: FULL is about failures; of a success or a delay the content never comes back. */
function wanted(report: DeliveryReport, options: DeliveryReportOptions): 'full' | 'headers' {
  const isFailure = mainAction(report) === 'failed'
  return options.return === 'full' && isFailure && options.requireTls !== true ? 'full' : 'headers'
}

function mainAction(report: DeliveryReport): DeliveryAction {
  return (
    ACTIONS.find((action) => report.recipients.some((recipient) => recipient.action === action)) ?? 'failed'
  )
}

/** Whether something in it can be said in UTF-8 only: an address, a remote's words, the header of the message. */
function isForeign(report: DeliveryReport, original: OriginalMessage | undefined, to: string): boolean {
  const words = report.recipients.flatMap(
    ({ originalRecipient, finalRecipient, diagnosticCode, remoteMta }) => [
      originalRecipient,
      finalRecipient,
      diagnosticCode,
      remoteMta,
    ],
  )
  const texts = [to, report.envelopeId, report.reportingMta, ...words]
  if (texts.some((text) => text !== undefined && !isAsciiText(text))) return true
  return original !== undefined && contentFacts(headerOf(original)).utf8Header
}
