import { parseDateTime, type DateTime } from '@cartero/syntax'
import type { OctetString } from '../octet-string.ts'
import { octetString } from '../octet-string.ts'
import { SEMICOLON } from '../octets.ts'
import { commentText, FieldScanner } from './field-scanner.ts'
import { unfold } from './unstructured.ts'

const CLAUSES = ['from', 'by', 'via', 'with', 'id', 'for', 'priority'] as const
type Clause = (typeof CLAUSES)[number]

/** One hop as a Received field tells it (RFC 5321 §4.4, RFC 5322 §3.6.7). */
export interface Received {
  readonly from?: OctetString
  /** The comment of the from clause, which tells the address (TCP-info). */
  readonly fromComment?: OctetString
  readonly by?: OctetString
  readonly via?: OctetString
  readonly with?: OctetString
  readonly id?: OctetString
  readonly for?: OctetString
  /** The registered clause of RFC 6710, as it stands. */
  readonly priority?: OctetString
  /** Absent when what follows the semicolon is no date-time. */
  readonly at?: DateTime
}

/** Reads as much as can be understood: every mailer words this field its own way. */
export function parseReceived(value: Buffer): Received {
  const dateStart = value.lastIndexOf(SEMICOLON)
  const at = dateStart === -1 ? undefined : parseDateTime(unfold(value, dateStart + 1))
  const clauses = readClauses(new FieldScanner(value, 0, dateStart === -1 ? value.length : dateStart))
  return { ...clauses, ...(at !== undefined && { at }) }
}

function readClauses(scanner: FieldScanner): Received {
  const clauses: Partial<Record<Clause | 'fromComment', OctetString>> = {}
  let open: Clause | undefined
  for (;;) {
    scanner.lastComment = undefined
    scanner.cfws()
    if (scanner.lastComment !== undefined && clauses.from !== undefined && clauses.by === undefined)
      clauses.fromComment ??= commentText(scanner.lastComment)
    const word = clauseWord(scanner)
    if (word === undefined) return clauses
    const keyword = CLAUSES.find((clause) => clause === word.toLowerCase())
    if (open !== undefined) clauses[open] ??= word
    open = open === undefined ? keyword : undefined
  }
}

/** Whatever stands between white space and comments. */
function clauseWord(scanner: FieldScanner): OctetString | undefined {
  const start = scanner.offset
  while (!scanner.atEnd && scanner.peek() > 0x20 && scanner.peek() !== 0x28) scanner.offset++
  if (scanner.offset === start && !scanner.atEnd) scanner.offset++
  return scanner.offset === start ? undefined : octetString(scanner.bytes, start, scanner.offset)
}
