import { formatLookUp } from '../verb/look-up.ts'
import { formatText } from '../verb/plain.ts'
import type { Inquiry } from './errand.ts'

/** The one line that asks: what would end it, or is in no command's grammar, is a question mark. */
// RFC 5321 §4.1.2
export function formatInquiry(command: Inquiry['command']): string {
  const line = 'smtpUtf8' in command ? formatLookUp(command) : formatText(command)
  return line.replaceAll(/\p{Cc}/gu, '?')
}
