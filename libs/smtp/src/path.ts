import { formatMailbox, isAsciiMailbox, parseMailbox, type Mailbox } from '@cartero/syntax'
import type { CommandScanner } from './command-scanner.ts'

const OPEN = 0x3c
const CLOSE = 0x3e
const AT = 0x40
const COLON = 0x3a
const COMMA = 0x2c

/** Where notices about a message go; undefined is the null path `<>` of a notice (RFC 5321 §4.5.5). */
export type ReversePath = Mailbox | undefined

/** Where a message goes; `<Postmaster>` without a domain is every host's own (RFC 5321 §4.1.1.3). */
export type ForwardPath = Mailbox | 'postmaster'

/** Reads `<…>` of MAIL FROM. Null says that there is none; undefined is the null path. */
// RFC 5321 §4.1.2: Reverse-path
export function scanReversePath(scanner: CommandScanner): ReversePath | null {
  if (!scanner.octet(OPEN)) return null
  if (scanner.octet(CLOSE)) return undefined
  return scanMailboxAndClose(scanner)
}

/** Reads `<…>` of RCPT TO. Null says that there is none. */
// RFC 5321 §4.1.2: Forward-path, RFC 5321 §4.1.1.3
export function scanForwardPath(scanner: CommandScanner): ForwardPath | null {
  if (!scanner.octet(OPEN)) return null
  if (scanner.literal('postmaster>')) return 'postmaster'
  return scanMailboxAndClose(scanner)
}

function scanMailboxAndClose(scanner: CommandScanner): Mailbox | null {
  if (!skipSourceRoute(scanner)) return null
  const mailbox = scanner.mailbox()
  return mailbox !== undefined && scanner.octet(CLOSE) ? mailbox : null
}

/** `@one.example,@two.example:` must be accepted and is ignored. False says that it is malformed. */
// RFC 5321 §4.1.2: A-d-l, RFC 5321 appendix C
function skipSourceRoute(scanner: CommandScanner): boolean {
  if (scanner.peek() !== AT) return true
  do {
    if (!scanner.octet(AT) || scanner.domain() === undefined) return false
  } while (scanner.octet(COMMA))
  return scanner.octet(COLON)
}

/** A path without its angle brackets, as envelopes keep it: '' is the null path. */
export function formatPath(path: ReversePath | ForwardPath): string {
  if (path === undefined) return ''
  return path === 'postmaster' ? 'Postmaster' : formatMailbox(path)
}

/** Reads what `formatPath` wrote of a reverse-path. Null says that it is none. */
export function parseReversePath(text: string): ReversePath | null {
  return text === '' ? undefined : (parseMailbox(text) ?? null)
}

/** Reads what `formatPath` wrote of a forward-path. Null says that it is none. */
export function parseForwardPath(text: string): ForwardPath | null {
  return text.toLowerCase() === 'postmaster' ? 'postmaster' : (parseMailbox(text) ?? null)
}

/** The path cannot be said without SMTPUTF8. Domains are A-labels in any case. */
export function needsUtf8(path: ReversePath | ForwardPath): boolean {
  return path !== undefined && path !== 'postmaster' && !isAsciiMailbox(path)
}
