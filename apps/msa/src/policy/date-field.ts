import { formatDateTime } from '@cartero/syntax'

// RFC 6409 §8.2
export function dateField(now: number): string {
  return `Date: ${formatDateTime(now)}\r\n`
}
