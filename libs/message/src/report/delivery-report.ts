import type { EnhancedStatus } from '@cartero/syntax'
import type { TypedText } from './typed-text.ts'

/** What became of a recipient (RFC 3464 §2.3.3). */
export type DeliveryAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded'

/** What a delivery status notification tells of a message (RFC 3464 §2.2). Times are milliseconds since the epoch. */
export interface DeliveryReport {
  /** Who reports, `dns;<host>`; '' in a report that does not say. */
  readonly reportingMta: TypedText
  /** The sender's own name for the message, decoded (RFC 3461 §4.4). */
  readonly envelopeId?: string
  readonly dsnGateway?: TypedText
  /** From whom the reporter had the message. */
  readonly receivedFromMta?: TypedText
  readonly arrivedAt?: number
  readonly recipients: readonly RecipientReport[]
  /** Message-ID of what the report is about, as far as it gives it back. Only read, never written. */
  readonly originalMessageId?: string
}

/** What it tells of one recipient (RFC 3464 §2.3). */
export interface RecipientReport {
  /** As the sender first wrote it, `type;address` (RFC 3461 §4.2). */
  readonly originalRecipient?: TypedText
  readonly finalRecipient: TypedText
  readonly action: DeliveryAction
  readonly status: EnhancedStatus
  /** Who said so, `dns;<host>`. */
  readonly remoteMta?: TypedText
  /** The remote's exact words, `smtp;<reply>`; lines of a reply are separated by line feeds. */
  readonly diagnosticCode?: TypedText
  readonly lastAttemptAt?: number
  /** The name under which the next host took the message. */
  readonly finalLogId?: string
  readonly willRetryUntil?: number
  /** Why, in our own words, where no remote said it: told to people, not to machines. Only written, never read. */
  readonly reason?: string
  /** What the sender can do, where `status` would say something else: told to people. Only written, never read. */
  readonly advice?: string
}

/** What a report may cost its reader and its writer. */
export const REPORT_LIMITS = {
  /**
   * Octets of a message that is given back whole; of a larger one only the header is. A sender may be forged, and then
   * somebody who wrote nothing gets all of it.
   */
  contentOctets: 1024 * 1024,
  /** Octets of a header that is given back; longer ones are cut between fields. Real ones have 2 to 20 KiB. */
  headerOctets: 64 * 1024,
  /** Octets of a remote's words that are repeated. A reply of a hundred lines is somebody's joke. */
  diagnosticOctets: 4_096,
  /** Recipients that the words for people name; machines are told of all. */
  namedRecipients: 100,
  /** Octets of a report that are read: the first two parts, and the beginning of what it gives back. */
  readOctets: 1024 * 1024,
  /** Recipients that are read from a report. An envelope has at most some thousands. */
  readRecipients: 5_000,
} as const
