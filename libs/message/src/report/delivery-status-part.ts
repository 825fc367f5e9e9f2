import type { DeliveryReport, RecipientReport } from './delivery-report.ts'
import { dateOf, reportFields } from './report-fields.ts'
import { reportedAddress, splitTypedText } from './typed-text.ts'

/** The body of message/delivery-status (RFC 3464 §2.1), or of message/global-delivery-status when `isWide` (RFC 6533 §4). */
export function deliveryStatusPart(report: DeliveryReport, isWide: boolean): Buffer {
  const groups = [
    messageFields(report, isWide),
    ...report.recipients.map((each) => recipientFields(each, isWide)),
  ]
  return Buffer.from(groups.join('\r\n'))
}

// RFC 3464 §2.2
function messageFields(report: DeliveryReport, isWide: boolean): string {
  return reportFields(
    [
      ['Original-Envelope-Id', report.envelopeId],
      ['Reporting-MTA', spaced(report.reportingMta)],
      ['DSN-Gateway', spaced(report.dsnGateway)],
      ['Received-From-MTA', spaced(report.receivedFromMta)],
      ['Arrival-Date', dateOf(report.arrivedAt)],
    ],
    isWide,
  )
}

// RFC 3464 §2.3
function recipientFields(recipient: RecipientReport, isWide: boolean): string {
  const { originalRecipient, finalRecipient, lastAttemptAt, action, willRetryUntil } = recipient
  return reportFields(
    [
      ['Original-Recipient', originalRecipient && reportedAddress(originalRecipient, isWide)],
      ['Final-Recipient', reportedAddress(finalRecipient, isWide)],
      ['Action', action],
      ['Status', recipient.status],
      ['Remote-MTA', spaced(recipient.remoteMta)],
      ['Diagnostic-Code', spaced(recipient.diagnosticCode)],
      ['Last-Attempt-Date', dateOf(lastAttemptAt)],
      ['Final-Log-ID', recipient.finalLogId],
      // RFC 3464 §2.3.9: only for delays.
      ['Will-Retry-Until', action === 'delayed' ? dateOf(willRetryUntil) : undefined],
    ],
    isWide,
  )
}

function spaced(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  const { type, text } = splitTypedText(value)
  return `${type}; ${text}`
}
