import { isAsciiText } from '@cartero/syntax'
import { contentFacts } from '../content-facts.ts'
import { decodeEncodedWords } from '../field/encoded-word.ts'
import { HeaderBlock } from '../header-block.ts'
import { formatDisposition, type DispositionReport } from './disposition-report.ts'
import { clean, reportFields } from './report-fields.ts'
import {
  bracketed,
  reportMessage,
  textPart,
  type ReportAuthor,
  type ReportMessage,
  type ReportPart,
} from './report-message.ts'
import { headerOf, returnedPart, type StreamedMessage } from './returned-message.ts'
import { reportedAddress, splitTypedText } from './typed-text.ts'

export interface DispositionReportOptions extends ReportAuthor {
  /** Who reports: the recipient's own address. */
  readonly from: string
  /** As `dispositionRequest` found it. The envelope sender is null all the same (RFC 8098 §3). */
  readonly to: readonly string[]
  /** What is given back of the message; its header unless given. */
  readonly return?: 'full' | 'headers'
  /** The report may be in UTF-8 where it has to be (RFC 6533 §5). */
  readonly smtpUtf8?: boolean
  readonly mostContentOctets?: number
}

/** Characters of a disposition type in the subject; the longest that is registered has ten. */
const LONGEST_TYPE = 40

/** Said of the message, by disposition type. */
const SAID: Readonly<Record<string, string>> = {
  displayed: 'was displayed. Nobody can tell whether it was read or understood',
  deleted: 'was deleted. Nobody can tell whether it was read before',
  dispatched: 'was passed on, printed or otherwise sent somewhere without being displayed',
  processed: 'was processed by a rule without being displayed',
}

/**
 * A message disposition notification (RFC 8098 §3). Whether it may be sent, `dispositionRequest` and the recipient say.
 * Throws RangeError when there is nobody to send it to.
 */
export function formatDispositionReport(
  report: DispositionReport,
  original: Buffer | undefined,
  options: DispositionReportOptions,
): ReportMessage<Buffer>
export function formatDispositionReport(
  report: DispositionReport,
  original: Buffer | StreamedMessage | undefined,
  options: DispositionReportOptions,
): ReportMessage<Buffer | AsyncIterable<Buffer>>
export function formatDispositionReport(
  report: DispositionReport,
  original: Buffer | StreamedMessage | undefined,
  options: DispositionReportOptions,
): ReportMessage<Buffer | AsyncIterable<Buffer>> {
  const { from, to, smtpUtf8 = false, mostContentOctets } = options
  if (to.length === 0) throw new RangeError('a report goes to somebody')
  const header = original && HeaderBlock.parse(headerOf(original))
  const texts = [from, ...to, report.finalRecipient, report.originalRecipient ?? '']
  const isForeign = original !== undefined && contentFacts(headerOf(original)).utf8Header
  const isWide = smtpUtf8 && (isForeign || !texts.every(isAsciiText))
  const parts: ReportPart[] = [
    textPart(words(report, header), isWide),
    {
      contentType: `message/${isWide ? 'global-' : ''}disposition-notification`,
      body: Buffer.from(machinePart(report, isWide)),
    },
  ]
  if (original !== undefined)
    parts.push(returnedPart(original, options.return ?? 'headers', isWide, mostContentOctets))
  const heading = {
    from: bracketed(from),
    to: to.map(bracketed).join(', '),
    subject: `Disposition notification (${report.disposition.type.slice(0, LONGEST_TYPE).replace(/[^\w.-]/g, '?')})`,
    autoSubmitted: 'auto-replied',
    reportType: 'disposition-notification',
    isWide,
  } as const
  return reportMessage(heading, parts, header, options)
}

// RFC 8098 §3.1
function machinePart(report: DispositionReport, isWide: boolean): string {
  const { originalRecipient, finalRecipient, disposition, errors } = report
  return reportFields(
    [
      ['Reporting-UA', report.reportingUa],
      ['MDN-Gateway', report.mdnGateway],
      ['Original-Recipient', originalRecipient && reportedAddress(originalRecipient, isWide)],
      ['Final-Recipient', reportedAddress(finalRecipient, isWide)],
      ['Original-Message-ID', report.originalMessageId],
      ['Disposition', formatDisposition(disposition)],
      ...errors.map((error) => ['Error', error] as const),
    ],
    isWide,
  )
}

function words(
  { finalRecipient, disposition, errors }: DispositionReport,
  header: HeaderBlock | undefined,
): string {
  const said = (name: string): string => {
    const value = header?.find(name)?.value
    return value === undefined ? '' : `  ${name}: ${clean(decodeEncodedWords(value))}\r\n`
  }
  const what = SAID[disposition.type] ?? `has the disposition "${clean(disposition.type)}"`
  return (
    `The message that you sent to <${clean(splitTypedText(finalRecipient).text)}> ${what}.\r\n\r\n` +
    `${said('Subject')}${said('Date')}${said('Message-ID')}` +
    errors.map((error) => `\r\nIn the course of this went wrong: ${clean(error)}\r\n`).join('')
  )
}
