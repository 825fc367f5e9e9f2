import type { HeaderScanner } from '@cartero/message'
import { formatDateTime, makeMessageId } from '@cartero/syntax'

export interface FixUpOptions {
  readonly hostname: string
  readonly now: () => number
  readonly random: (octets: number) => Uint8Array
}

/** The fields a submitted message lacks and must have. What is there is never touched. RFC 6409 §8 */
export function missingFields(
  header: HeaderScanner,
  { hostname, now, random }: FixUpOptions,
): readonly Buffer[] {
  const fields: string[] = []
  // RFC 6409 §8.2
  if (!header.has('Date')) fields.push(`Date: ${formatDateTime(now())}\r\n`)
  // RFC 6409 §8.3
  if (!header.has('Message-ID')) fields.push(`Message-ID: ${makeMessageId(hostname, now, random)}\r\n`)
  return fields.map((field) => Buffer.from(field))
}
