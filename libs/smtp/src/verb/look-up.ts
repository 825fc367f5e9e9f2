import { decodeUtf8 } from '@cartero/syntax'
import type { CommandScanner } from '../command-scanner.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** VRFY or EXPN: asks for a mailbox or the members of a list. */
// RFC 5321 §4.1.1.6, RFC 5321 §4.1.1.7
export interface LookUpCommand {
  readonly verb: 'VRFY' | 'EXPN'
  /** A user name, an address, or whatever else; not validated. */
  readonly text: string
}

// RFC 6531 §3.7.4.2 todo: the SMTPUTF8 parameter of VRFY and EXPN
export function parseLookUp(verb: 'VRFY' | 'EXPN', scanner: CommandScanner): LookUpCommand {
  scanner.space()
  const text = decodeUtf8(scanner.rest())?.trimEnd()
  if (text === undefined || text === '') throw new ReplyError(replies.syntax(`${verb} <user or list>`))
  return { verb, text }
}
