import { HeaderScanner, type HeaderEnd } from '@cartero/message'
import { ReplyError, replies } from '@cartero/smtp/server'
import type { SubmissionOptions } from '../session.ts'
import { LF } from './local-lines.ts'

/** The beginning of a message, up to where its body begins, and perhaps some of that. */
export interface LocalHead {
  readonly octets: Buffer
  readonly end: HeaderEnd
}

/** Takes as much as the header needs. Throws ReplyError when that is too much, and what the lines throw. */
export async function readHead(
  lines: AsyncGenerator<Buffer, void>,
  { octets: most, fields }: SubmissionOptions['policy']['header'],
): Promise<LocalHead> {
  const scanner = new HeaderScanner([], { headerOctets: most, fields })
  const first = await firstLine(lines)
  const pieces = [first]
  for (let piece = first; !scanner.write(piece);) {
    if (scanner.exceeded) throw new ReplyError(replies.headerTooBig('octets'))
    const next = await lines.next()
    if (next.done === true) break
    pieces.push((piece = next.value))
  }
  return { octets: Buffer.concat(pieces), end: scanner.end() }
}

/** Octets within which the first line ends, if it is one of a mailbox file. */
const LONGEST_MBOX_LINE = 1_000

/** The first octets, without the line with which mailboxes of old begin each message, and which is no field. */
async function firstLine(lines: AsyncGenerator<Buffer, void>): Promise<Buffer> {
  let octets = Buffer.alloc(0)
  while (octets.indexOf(LF) === -1 && octets.length < LONGEST_MBOX_LINE) {
    const next = await lines.next()
    if (next.done === true) break
    octets = Buffer.concat([octets, next.value])
  }
  const isMbox = /^>?From /.test(octets.subarray(0, 6).toString('latin1'))
  return isMbox ? octets.subarray(octets.indexOf(LF) + 1) : octets
}
