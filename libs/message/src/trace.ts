import { formatDateTime } from '@cartero/syntax'

/** How the message came in, for the with clause. */
export interface Reception {
  /** Whether the client said EHLO, not HELO. */
  readonly extended: boolean
  readonly tls: boolean
  readonly authenticated: boolean
  /** Whether the transaction had the SMTPUTF8 parameter. */
  readonly utf8: boolean
  readonly lmtp?: boolean
}

/** `ESMTPSA` and its like: RFC 3848 §1, and RFC 6531 §4.3 for UTF8. HELO knows no variants. */
export function transmissionType(reception: Reception): string {
  const { extended, tls, authenticated, utf8, lmtp = false } = reception
  if (!extended && !lmtp) return 'SMTP'
  const protocol = utf8 ? `UTF8${lmtp ? 'LMTP' : 'SMTP'}` : lmtp ? 'LMTP' : 'ESMTP'
  return `${protocol}${tls ? 'S' : ''}${authenticated ? 'A' : ''}`
}

/** What a Received field tells (RFC 5321 §4.4). The peer chose some of it: whatever it is, one well-formed field comes out. */
export interface ReceivedTrace {
  readonly from?: {
    /** As given in HELO or EHLO. */
    readonly helo: string
    /** IP address, without brackets. */
    readonly address?: string
    /** Name found for the address in DNS and confirmed. */
    readonly name?: string
  }
  /** Our own name. */
  readonly by: string
  readonly via?: string
  /** As `transmissionType` says it. */
  readonly with?: string
  /** Kinds of solicitation that the sender admitted; shown as a comment after the with clause (RFC 3865 §2.6). */
  readonly solicitations?: readonly string[]
  /** Shown as a comment after the with clause. */
  readonly tls?: { readonly version: string; readonly cipher: string }
  readonly id?: string
  /** The recipient without brackets, where there is only one: RFC 5321 §7.6 warns of telling others. */
  readonly for?: string
  /** -9 to 9, as the client asked for it: a clause of its own (RFC 6710). */
  readonly priority?: number
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Minutes east of UTC in which the date is shown; 0 unless given. */
  readonly offsetMinutes?: number
}

/** The octets of a Received field, folded at 78 columns, line end included. */
export function receivedField(trace: ReceivedTrace): Buffer {
  const words = ['Received:', ...fromWords(trace.from), 'by', word(trace.by)]
  if (trace.via !== undefined) words.push('via', word(trace.via))
  if (trace.with !== undefined) words.push('with', word(trace.with))
  if (trace.solicitations !== undefined && trace.solicitations.length > 0)
    words.push(...solicitationWords(trace.solicitations))
  if (trace.tls !== undefined) words.push(`(${comment(trace.tls.version)}`, `${comment(trace.tls.cipher)})`)
  if (trace.id !== undefined) words.push('id', word(trace.id))
  if (trace.for !== undefined) words.push('for', `<${path(trace.for)}>`)
  if (trace.priority !== undefined) words.push('PRIORITY', word(String(trace.priority)))
  words.push(`${words.pop()};`, ...formatDateTime(trace.at, trace.offsetMinutes).split(' '))
  return folded(words)
}

/** `Return-Path: <address>`, line end included; '' gives the null path (RFC 5321 §4.4). */
export function returnPathField(address: string): Buffer {
  return folded(['Return-Path:', `<${path(address)}>`])
}

/** `Delivered-To: address`, line end included: marks where mail has been, so that a loop is seen (RFC 9228 §2). */
export function deliveredToField(address: string): Buffer {
  return folded(['Delivered-To:', path(address)])
}

/** `Original-Recipient: rfc822;address`, line end included: whom the sender wrote to, as ORCPT said it (RFC 8098 §2.3). */
export function originalRecipientField(recipient: string): Buffer {
  return folded(['Original-Recipient:', path(recipient)])
}

/** `(SOLICIT=net.example:ADV,org.example:ADV)`, as RFC 3865 §2.6 writes it; only a list that no line could hold is broken. */
function solicitationWords(keywords: readonly string[]): readonly string[] {
  const list = `(SOLICIT=${keywords.map(comment).join(',')})`
  return list.length <= LONGEST_WORD ? [list] : list.split(/(?<=,)/)
}

function fromWords(from: ReceivedTrace['from']): readonly string[] {
  if (from === undefined) return []
  const { helo, address, name } = from
  const info = [
    ...(name === undefined ? [] : [comment(name)]),
    ...(address === undefined ? [] : [`[${address.includes(':') ? 'IPv6:' : ''}${comment(address)}]`]),
  ]
  if (info.length === 0) return ['from', word(helo)]
  // RFC 5321 §4.4 Extended-Domain: the comment holds what we know of the client, not what it says.
  return ['from', word(helo), `(${info.join(' ')})`]
}

/**
 * RFC 5321 §4.5.3.1: a local part of 64 octets, `@` and a domain of 255. Longer words are cut, and so no line has 998
 * octets.
 */
const LONGEST_WORD = 320

/** One word of a clause: no white space, no control, and nothing that would open a comment or end the clause. */
function word(text: string): string {
  return replaced(text, /[^\x21-\x7e\x80-\u{10ffff}]|[();"\\]|[\x80-\x9f]/gu) || '?'
}

/** Text within a comment. */
function comment(text: string): string {
  return replaced(text, /[^\x21-\x7e\x80-\u{10ffff}]|[()\\]|[\x80-\x9f]/gu)
}

/** An address: the parser of paths let it through, so quotes and spaces in quotes are its own. */
function path(text: string): string {
  return replaced(text, /[^\x20-\x7e\x80-\u{10ffff}]|[<>]|[\x80-\x9f]/gu)
}

function replaced(text: string, unwanted: RegExp): string {
  const octets = Buffer.from(text.replace(unwanted, '?'))
  if (octets.length <= LONGEST_WORD) return octets.toString()
  // A character that the cut went through becomes U+FFFD.
  return octets.toString('utf8', 0, LONGEST_WORD).replace(/\ufffd+$/, '')
}

/** RFC 5322 §2.1.1: lines should have at most 78 characters. */
const LINE_LENGTH = 78
/** Counted as one column; it is what most agents indent trace fields with. */
const FOLD = '\r\n\t'

function folded(words: readonly string[]): Buffer {
  let text = ''
  let column = 0
  for (const next of words) {
    const fits = column + 1 + next.length <= LINE_LENGTH
    const separator = text === '' ? '' : fits ? ' ' : FOLD
    text += separator + next
    column = separator === FOLD ? 1 + next.length : column + separator.length + next.length
  }
  return Buffer.from(`${text}\r\n`)
}
