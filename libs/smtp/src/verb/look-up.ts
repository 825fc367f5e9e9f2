import { decodeUtf8, isAsciiText } from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import type { Extension } from '../extensions.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** VRFY or EXPN: asks for a mailbox or the members of a list. */
// RFC 5321 §4.1.1.6, RFC 5321 §4.1.1.7
export interface LookUpCommand {
  readonly verb: 'VRFY' | 'EXPN'
  /** A user name, an address, or whatever else; not validated. */
  readonly text: string
  /** The client understands UTF-8 in the answer (RFC 6531 §3.7.4.2). */
  readonly smtpUtf8: boolean
}

const PARAMETER = / SMTPUTF8$/i
const PARAMETER_OCTETS = 9

/** @param extensions those in force: without SMTPUTF8 its parameter is but a word of the text */
// RFC 6531 §3.7.4.2
export function parseLookUp(
  verb: 'VRFY' | 'EXPN',
  scanner: CommandScanner,
  extensions: ReadonlySet<Extension>,
): LookUpCommand {
  scanner.space()
  const words = decodeUtf8(scanner.rest())?.trimEnd() ?? ''
  const smtpUtf8 = extensions.has('SMTPUTF8') && PARAMETER.test(words.slice(-PARAMETER_OCTETS))
  const text = smtpUtf8 ? words.slice(0, -PARAMETER_OCTETS).trimEnd() : words
  if (text === '') throw new ReplyError(replies.syntax(`${verb} <user or list>`))
  if (!smtpUtf8 && !isAsciiText(text)) throw new ReplyError(replies.nonAsciiAddress)
  return { verb, text, smtpUtf8 }
}

export function formatLookUp({ verb, text, smtpUtf8 }: LookUpCommand): string {
  return `${verb} ${text}${smtpUtf8 ? ' SMTPUTF8' : ''}`
}
