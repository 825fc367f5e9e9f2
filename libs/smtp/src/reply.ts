import { splitEnhancedStatus, type EnhancedStatus } from '@cartero/syntax'

/** What a server says to a command. */
// RFC 5321 §4.2
export interface Reply {
  /** Three digits, 200 to 559; a peer may have others, which count by their first digit. */
  readonly code: number
  /** Chosen by the reason, never by the code. Absent in greetings, EHLO answers and intermediate replies (RFC 2034 §4). */
  readonly status?: EnhancedStatus
  /** At least one, without code, status and CRLF. */
  readonly lines: readonly string[]
  /** The client asked for UTF-8 and gets it (RFC 6531 §3.7.4.2); else what is not ASCII is replaced. */
  readonly utf8?: true
}

/** Makes a reply. `text` may have several lines, separated by `\n`. */
export function reply(code: number, status: EnhancedStatus | undefined, text: string): Reply {
  const lines = text.split('\n')
  return status === undefined ? { code, lines } : { code, status, lines }
}

// RFC 5321 §4.2.1: the first digit
export const isPositive = (given: Reply): boolean => given.code < 400
export const isPermanent = (given: Reply): boolean => given.code >= 500

/** Octets of a reply line with its CRLF; longer text is continued on the next line. */
// RFC 5321 §4.5.3.1.5
export const REPLY_LINE_OCTETS = 512

/** The reply as it goes over the wire. Characters that could break a line or the client are replaced. */
// RFC 5321 §4.2.1, RFC 2034 §4
export function formatReply(given: Reply, withStatus = true): Buffer {
  const status = withStatus && given.status !== undefined ? `${given.status} ` : ''
  if (given.lines.length === 1 && isPlain(given.lines[0]!)) {
    return Buffer.from(`${given.code} ${status}${given.lines[0]!}\r\n`, 'latin1')
  }
  const room = REPLY_LINE_OCTETS - 6 - status.length
  const lines = given.lines.flatMap((line) =>
    given.utf8 === true ? wrapUtf8(line.replaceAll(/\p{Cc}/gu, '?'), room) : wrap(sanitise(line), room),
  )
  const last = lines.length - 1
  const wire = lines.map((line, i) => `${given.code}${i < last ? '-' : ' '}${status}${line}\r\n`)
  return Buffer.from(wire.join(''))
}

/** The reply on one line, for logs and bounces: `550 5.1.1 no such user`. */
export function replyText(given: Reply): string {
  return `${given.code} ${given.status === undefined ? '' : `${given.status} `}${given.lines.join(' ')}`
}

/** The reply that stands on one such line. Undefined for what no reply is. */
export function parseReplyText(text: string): Reply | undefined {
  const match = /^([2-5]\d\d)(?: (.*))?$/s.exec(text)
  if (match === null) return undefined
  const split = splitEnhancedStatus(match[2] ?? '')
  return reply(Number(match[1]), split?.status, split?.rest ?? match[2] ?? '')
}

function isPlain(line: string): boolean {
  if (line.length > REPLY_LINE_OCTETS - 20) return false
  for (let i = 0; i < line.length; i++) {
    const unit = line.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e) return false
  }
  return true
}

/** Not even UTF-8, which only some clients asked for (RFC 6531 §3.7.4.2). */
function sanitise(line: string): string {
  return line.replaceAll(/[^\x20-\x7e]/g, '?')
}

function wrap(line: string, room: number): string[] {
  const pieces: string[] = []
  for (let rest = line; ;) {
    if (rest.length <= room) return [...pieces, rest]
    const space = rest.lastIndexOf(' ', room)
    const cut = space > 0 ? space : room
    pieces.push(rest.slice(0, cut))
    rest = rest.slice(cut).trimStart()
  }
}

/** Cuts between characters; `room` counts octets. */
function wrapUtf8(line: string, room: number): string[] {
  const pieces = ['']
  let octets = 0
  for (const character of line) {
    octets += Buffer.byteLength(character)
    if (octets > room) {
      pieces.push('')
      octets = Buffer.byteLength(character)
    }
    pieces[pieces.length - 1] += character
  }
  return pieces
}
