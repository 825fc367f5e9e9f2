import {
  formatDeliveryReport,
  typedAddress,
  typedText,
  type RecipientReport,
  type ReportMessage,
  type StreamedMessage,
} from '@cartero/message'
import type { Clock } from '@cartero/wire'

import type { Envelope, SpooledMessage } from '../ports.ts'
import type { NoticeEntry } from './verdict.ts'

export interface LetterParts {
  readonly hostname: string
  readonly clock: Clock
  readonly random: (octets: number) => Uint8Array
  readonly message: SpooledMessage
  readonly entries: readonly NoticeEntry[]
  /** The message as its sender would see it again, our own trace included. */
  readonly original: StreamedMessage
  /** Octets up to which it is given back whole to whom asked. */
  readonly returnedOctets: number
}

export type Letter = ReportMessage<Buffer | AsyncIterable<Buffer>>

/** The notice itself: for people, for machines, and what it is about. */
export function noticeLetter(parts: LetterParts): Letter {
  const { hostname, clock, random, message, entries, original, returnedOctets } = parts
  const { envelope, queueId, acceptedAt } = message
  const { envelopeId, client, return: wanted, requireTls, smtpUtf8 } = envelope
  const report = {
    reportingMta: dns(hostname),
    ...(envelopeId !== undefined && { envelopeId }),
    ...(client.helo !== '' && { receivedFromMta: dns(client.helo) }),
    arrivedAt: acceptedAt,
    recipients: entries.map((entry) => recipientReport(entry, clock.now())),
  }
  return formatDeliveryReport(report, original, {
    host: hostname,
    now: () => clock.now(),
    random,
    to: envelope.reversePath,
    queueId,
    ...(wanted !== undefined && { return: wanted }),
    ...(requireTls && { requireTls }),
    ...(smtpUtf8 === true && { smtpUtf8 }),
    mostContentOctets: returnedOctets,
  })
}

/** The envelope of a notice: to the sender alone, and nobody is told what becomes of it. */
// RFC 3461 §6.1, RFC 5321 §4.5.5
export function noticeEnvelope(about: Envelope, hostname: string, needsSmtpUtf8: boolean): Envelope {
  return {
    reversePath: '',
    recipients: [{ address: about.reversePath, notify: ['never'] }],
    client: { address: '', helo: hostname, protocol: 'notice' },
    body: needsSmtpUtf8 ? '8BITMIME' : '7BIT',
    ...(needsSmtpUtf8 && { smtpUtf8: true }),
    ...(about.priority !== undefined && { priority: about.priority }),
    // RFC 8689 §5
    ...(about.requireTls && { requireTls: true }),
  }
}

// RFC 3464 §4.2: members of an alias stay unknown; it is the address that the sender wrote to
function recipientReport(entry: NoticeEntry, now: number): RecipientReport {
  const { recipient, action, status, reason, remote, willRetryUntil, isUnattempted, advice } = entry
  const isAttempted = (action === 'failed' || action === 'delayed') && isUnattempted !== true
  const { address, originalRecipient } = recipient
  return {
    ...(originalRecipient !== undefined && { originalRecipient }),
    finalRecipient: typedAddress(address),
    action,
    status,
    ...(remote && { remoteMta: dns(remote.host), diagnosticCode: typedText('smtp', remote.reply) }),
    ...(isAttempted && { lastAttemptAt: now }),
    ...(willRetryUntil !== undefined && { willRetryUntil }),
    ...(reason !== undefined && { reason }),
    ...(advice !== undefined && { advice }),
  }
}

const dns = (host: string): string => typedText('dns', host)
