import { decodeEncodedWords } from '../field/encoded-word.ts'
import type { HeaderBlock } from '../header-block.ts'
import { downgradedText } from '../downgrade/unstructured.ts'
import { threadFields } from './report-message.ts'

/** Characters of a subject that are repeated. */
const LONGEST_SUBJECT = 200

/**
 * The fields by which others know that a machine wrote, with their line ends: Auto-Submitted, and for an answer
 * Subject, In-Reply-To and References of what it answers (RFC 3834 §3.1.5, §3.1.6, §3.1.7). No Precedence (§3.1.8).
 */
export function automaticFields(kind: 'auto-generated'): Buffer
export function automaticFields(kind: 'auto-replied', original: HeaderBlock): Buffer
export function automaticFields(kind: 'auto-generated' | 'auto-replied', original?: HeaderBlock): Buffer {
  const lines = [`Auto-Submitted: ${kind}`, ...threadFields(original)].map((line) => `${line}\r\n`)
  return Buffer.concat([
    ...(original === undefined ? [] : [subjectField(original)]),
    Buffer.from(lines.join('')),
  ])
}

// RFC 3834 §3.1.5
function subjectField(original: HeaderBlock): Buffer {
  const subject = decodeEncodedWords(original.find('subject')?.value ?? '')
    .replace(/\p{Cc}+|\p{Cs}/gu, ' ')
    .slice(0, LONGEST_SUBJECT)
  return downgradedText('Subject', Buffer.from(`Auto: ${subject}`.trimEnd()).toString('latin1'))
}
