import { formatDateTime } from '@cartero/syntax'
import { decodeEncodedWords } from '../field/encoded-word.ts'
import type { HeaderBlock } from '../header-block.ts'
import { adviceOn } from './advice.ts'
import {
  REPORT_LIMITS,
  type DeliveryAction,
  type DeliveryReport,
  type RecipientReport,
} from './delivery-report.ts'
import { clean, cut } from './report-fields.ts'
import { splitTypedText } from './typed-text.ts'

/** What the words need besides the report. */
export interface ReportContext {
  /** The reporting host. */
  readonly host: string
  readonly queueId?: string | undefined
  /** Whom to ask. */
  readonly postmaster: string
  readonly original: HeaderBlock | undefined
}

/** What happened, by action, in the order of importance. */
const HAPPENED: Readonly<Record<DeliveryAction, string>> = {
  failed: 'Your message could not be delivered to',
  delayed: 'Your message has not been delivered yet, and you need not send it again, to',
  expanded: 'Your message was handed on to everybody behind',
  relayed: 'Your message was handed on to a system that does not tell more, for',
  delivered: 'Your message was delivered to',
}

/** From the most to the least important. */
export const ACTIONS = Object.keys(HAPPENED) as readonly DeliveryAction[]

/** What a person reads first: what happened, to whom, the exact words of the remote, and what to do. Lines end in CRLF. */
// RFC 3464 §2, RFC 6522 §3
export function deliveryReportText(report: DeliveryReport, context: ReportContext): string {
  const named = report.recipients.slice(0, REPORT_LIMITS.namedRecipients)
  const paragraphs = [`This is the mail system at ${clean(context.host)}.`]
  for (const action of ACTIONS) {
    const concerned = named.filter((recipient) => recipient.action === action)
    if (concerned.length > 0) paragraphs.push(`${HAPPENED[action]}:`, ...concerned.map(recipientWords))
  }
  const others = report.recipients.length - named.length
  if (others > 0) paragraphs.push(`The second part of this notice lists ${others} more.`)
  paragraphs.push(aboutMessage(report, context).join('\r\n'), help(context))
  return `${paragraphs.join('\r\n\r\n')}\r\n`
}

function recipientWords(recipient: RecipientReport): string {
  const { finalRecipient, originalRecipient, remoteMta, diagnosticCode, reason, status, action } = recipient
  const address = splitTypedText(finalRecipient).text
  const wished = originalRecipient === undefined ? address : splitTypedText(originalRecipient).text
  const lines = [`  <${clean(address)}>`]
  if (wished.toLowerCase() !== address.toLowerCase())
    lines.push(`    to which mail for <${clean(wished)}> goes`)
  if (reason !== undefined) lines.push(...quoted(reason).map((line) => `    ${line}`))
  if (diagnosticCode !== undefined) {
    const who = remoteMta === undefined ? 'The other system' : clean(splitTypedText(remoteMta).text)
    lines.push(
      `    ${who} said:`,
      ...quoted(splitTypedText(diagnosticCode).text).map((line) => `      ${line}`),
    )
  }
  if (action === 'failed' || action === 'delayed')
    lines.push(...outlook(recipient, recipient.advice ?? adviceOn(status)))
  return lines.join('\r\n')
}

function outlook({ action, willRetryUntil }: RecipientReport, advice: string | undefined): readonly string[] {
  if (action === 'failed') return advice === undefined ? [] : [`    ${clean(advice)}`]
  return willRetryUntil === undefined
    ? ['    It is still being tried.']
    : [
        `    It is still being tried, until ${formatDateTime(willRetryUntil)}.`,
        '    You need do nothing. Should it fail for good, you will be told.',
      ]
}

function aboutMessage(report: DeliveryReport, { queueId, original }: ReportContext): readonly string[] {
  const said = (name: string): string | undefined => {
    const value = original?.find(name)?.value
    return value === undefined ? undefined : clean(decodeEncodedWords(value))
  }
  const facts: readonly (readonly [what: string, value: string | undefined])[] = [
    ['Subject', said('subject')],
    ['Written', said('date')],
    ['Message-ID', said('message-id')],
    ['Received here', report.arrivedAt === undefined ? undefined : formatDateTime(report.arrivedAt)],
    ['Queue id', queueId === undefined ? undefined : clean(queueId)],
    ['Your name for it', report.envelopeId === undefined ? undefined : clean(report.envelopeId)],
  ]
  return [
    'The message was this one:',
    ...facts.flatMap(([what, value]) => (value === undefined ? [] : [`  ${what}: ${value}`])),
  ]
}

function help({ postmaster, queueId }: ReportContext): string {
  const quote = queueId === undefined ? 'this notice' : 'the queue id'
  return `Should you need help, write to ${clean(postmaster)} and quote ${quote}.`
}

/** The exact words, line by line. */
function quoted(text: string): readonly string[] {
  return cut(text)
    .split(/\r\n|\r|\n/)
    .map(clean)
}
