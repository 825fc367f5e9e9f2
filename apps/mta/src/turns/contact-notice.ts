import { formatDateTime, isAsciiText, makeMessageId } from '@cartero/syntax'
import { HOUR_MS, type Envelope, type UncollectedMail } from '@cartero/spool'
import type { Clock } from '@cartero/wire'

import { daysOf } from './keeper.ts'
import type { Terms } from './customers.ts'

export interface NoticeAuthor {
  /** What we call ourselves: where customers come, too. */
  readonly hostname: string
  readonly clock: Clock
  /** As many unpredictable octets as asked. */
  readonly random: (octets: number) => Uint8Array
}

/** From nobody, and nobody is told what becomes of it. */
// RFC 5321 §4.5.5
export function contactEnvelope({ contact }: Terms, { hostname }: NoticeAuthor): Envelope {
  const isWide = !isAsciiText(contact)
  return {
    reversePath: '',
    recipients: [{ address: contact, notify: ['never'] }],
    client: { address: '', helo: hostname, protocol: 'notice' },
    body: isWide ? '8BITMIME' : '7BIT',
    ...(isWide && { smtpUtf8: true }),
  }
}

/** Tells a customer's contact that much waits, since when, and how to fetch it. */
// RFC 3834 §3.1.7: a machine says that it is one
export function contactLetter(
  { domain, deliveries, octets, oldestHour }: UncollectedMail,
  terms: Terms,
  { hostname, clock, random }: NoticeAuthor,
): Buffer {
  const since = new Date(oldestHour * HOUR_MS).toISOString().slice(0, 13).replace('T', ' ')
  const lines = [
    `Date: ${formatDateTime(clock.now())}`,
    `From: Mail Delivery System <postmaster@${hostname}>`,
    `To: <${terms.contact}>`,
    `Subject: Mail for ${domain} is waiting to be fetched`,
    `Message-ID: ${makeMessageId(hostname, () => clock.now(), random)}`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `Mail for ${domain} waits at ${hostname} until the server of ${domain} fetches it.`,
    '',
    `  Messages:      ${deliveries}`,
    `  Size:          ${sizeOf(octets)}`,
    `  Oldest since:  ${since}:00 UTC`,
    '',
    ...howToFetch(terms, hostname),
    '',
    `What is not fetched within ${daysOf(terms.keep)} goes back to its senders. As long as`,
    `more than ${sizeOf(terms.quota)} wait, further mail is refused for the time being.`,
    '',
    'This is told once, and again when as much has been fetched and comes',
    'together anew.',
    '',
  ]
  return Buffer.from(lines.join('\r\n'))
}

// RFC 2645 §4
function howToFetch({ account }: Terms, hostname: string): readonly string[] {
  if (account === '') return ['Nobody may fetch it at present. The postmaster here can say more.']
  return [
    `To fetch it, the server calls ${hostname} on port 366 (ODMR), starts TLS,`,
    `logs in as ${account}`,
    'and says ATRN. If it does so already, look why it has stopped: its log',
    'has the words that were said here.',
  ]
}

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const

/** Such as `1.5 GB`. */
function sizeOf(octets: number): string {
  let [size, unit] = [octets, 0]
  while (size >= 1_000 && unit < UNITS.length - 1) [size, unit] = [size / 1_000, unit + 1]
  return `${unit === 0 ? size : Number(size.toPrecision(3))} ${UNITS[unit]}`
}
