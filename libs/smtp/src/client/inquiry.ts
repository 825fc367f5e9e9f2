import { formatEtrn } from '../verb/etrn.ts'
import { formatLookUp } from '../verb/look-up.ts'
import { formatText } from '../verb/plain.ts'
import type { AtrnRequest, Inquiry } from './errand.ts'

/** The one line that asks: what would end it, or is in no command's grammar, is a question mark. */
// RFC 5321 §4.1.2
export function formatInquiry(command: Inquiry['command']): string {
  return format(command).replaceAll(/\p{Cc}/gu, '?')
}

function format(command: Inquiry['command']): string {
  if ('node' in command) return formatEtrn(command)
  return 'smtpUtf8' in command ? formatLookUp(command) : formatText(command)
}

export function isAtrn(inquiry: Inquiry | AtrnRequest): inquiry is AtrnRequest {
  return inquiry.command.verb === 'ATRN'
}
