import { formatDateTime, makeMessageId } from '@cartero/syntax'
import type { Clock } from '@cartero/wire'

import type { Envelope, SpooledMessage } from '../ports.ts'
import type { NoticeAction, NoticeEntry } from './verdict.ts'

/** What the sender gets back of his message. */
export interface Returned {
  readonly kind: 'full' | 'headers'
  readonly octets: Buffer
}

export interface LetterParts {
  readonly hostname: string
  readonly clock: Clock
  readonly random: (octets: number) => Uint8Array
  readonly message: SpooledMessage
  readonly entries: readonly NoticeEntry[]
  readonly returned: Returned
}

const SUBJECTS: Readonly<Record<NoticeAction, string>> = {
  failed: 'Undelivered mail returned to sender',
  delayed: 'Delayed mail (still being tried)',
  delivered: 'Mail was delivered',
  relayed: 'Mail was handed on',
  expanded: 'Mail was handed on to several recipients',
}

/** From the most to the least important; the first that is there is the subject. */
const ACTIONS = Object.keys(SUBJECTS) as NoticeAction[]

/** The notice itself: for people, for machines, and what it is about. */
// RFC 3464 §2, RFC 6522 §3
export function noticeLetter(parts: LetterParts): Buffer {
  const { hostname, clock, random, message, entries, returned } = parts
  const boundary = `=_${Buffer.from(random(16)).toString('hex')}`
  const isWide = isEightBit(returned.octets)
  const head = [
    `From: Mail Delivery System <MAILER-DAEMON@${hostname}>`,
    `To: <${message.envelope.reversePath}>`,
    `Subject: ${SUBJECTS[ACTIONS.find((action) => entries.some((entry) => entry.action === action))!]}`,
    `Date: ${formatDateTime(clock.now())}`,
    `Message-ID: ${makeMessageId(hostname, () => clock.now(), random)}`,
    // RFC 3834 §5
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="${boundary}"`,
    `Content-Transfer-Encoding: ${isWide ? '8bit' : '7bit'}`,
  ]
  const part = (type: string, ...body: (string | Buffer)[]): Buffer =>
    Buffer.concat(
      [`--${boundary}\r\nContent-Type: ${type}\r\n\r\n`, ...body, '\r\n'].map((piece) => Buffer.from(piece)),
    )
  return Buffer.concat([
    Buffer.from(`${head.join('\r\n')}\r\n\r\n`),
    part('text/plain; charset=utf-8', `${words(parts).join('\r\n')}\r\n`),
    part('message/delivery-status', status(parts)),
    part(returned.kind === 'full' ? 'message/rfc822' : 'text/rfc822-headers', returned.octets),
    Buffer.from(`--${boundary}--\r\n`),
  ])
}

/** The envelope of a notice: to the sender alone, and nobody is told what becomes of it. */
// RFC 3461 §6.1, RFC 5321 §4.5.5
export function noticeEnvelope(about: Envelope, hostname: string, letter: Buffer): Envelope {
  return {
    reversePath: '',
    recipients: [{ address: about.reversePath, notify: ['never'] }],
    client: { address: '', helo: hostname, protocol: 'notice' },
    body: isEightBit(letter) ? '8BITMIME' : '7BIT',
    ...(about.smtpUtf8 === true && { smtpUtf8: true }),
    ...(about.priority !== undefined && { priority: about.priority }),
    ...(about.requireTls && { requireTls: true }),
  }
}

function words({ hostname, entries }: LetterParts): readonly string[] {
  const lines = [`This is the mail system at ${hostname}.`, '']
  for (const { recipient, action, reason = '', remote } of entries) {
    lines.push(`<${recipient.address}>: ${SAID[action]}${reason === '' ? '' : `: ${oneLine(reason)}`}`)
    if (remote !== undefined) lines.push(`    ${remote.host} said: ${oneLine(remote.reply)}`)
  }
  return lines
}

const SAID: Readonly<Record<NoticeAction, string>> = {
  failed: 'not delivered',
  delayed: 'not delivered yet',
  delivered: 'delivered',
  relayed: 'handed on to a host that will not tell more',
  expanded: 'handed on to several recipients',
}

function status({ hostname, message, entries }: LetterParts): string {
  const { envelopeId } = message.envelope
  const first = [
    `Reporting-MTA: dns; ${hostname}`,
    ...(envelopeId === undefined ? [] : [`Original-Envelope-Id: ${oneLine(envelopeId)}`]),
    `Arrival-Date: ${formatDateTime(message.acceptedAt)}`,
  ]
  return [first, ...entries.map(fields)]
    .map((lines) => lines.map((line) => `${line}\r\n`).join(''))
    .join('\r\n')
}

function fields({ recipient, action, status, remote, willRetryUntil }: NoticeEntry): readonly string[] {
  const { originalRecipient, address } = recipient
  return [
    ...(originalRecipient === undefined ? [] : [`Original-Recipient: ${oneLine(originalRecipient)}`]),
    `Final-Recipient: rfc822; ${oneLine(address)}`,
    `Action: ${action}`,
    `Status: ${status}`,
    ...(remote === undefined
      ? []
      : [`Remote-MTA: dns; ${oneLine(remote.host)}`, `Diagnostic-Code: smtp; ${oneLine(remote.reply)}`]),
    ...(willRetryUntil === undefined ? [] : [`Will-Retry-Until: ${formatDateTime(willRetryUntil)}`]),
  ]
}

const oneLine = (text: string): string => text.replaceAll(/[\r\n\0]+/g, ' ')

const isEightBit = (octets: Buffer): boolean => octets.some((octet) => octet >= 0x80)
