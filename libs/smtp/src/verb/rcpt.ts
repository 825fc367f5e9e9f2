import type { CommandScanner } from '../command-scanner.ts'
import type { Extension } from '../extensions.ts'
import { formatParameters, scanParameters } from '../parameters/list.ts'
import { RCPT_PARAMETERS, type RcptParameters } from '../parameters/rcpt-parameters.ts'
import { formatPath, scanForwardPath, type ForwardPath } from '../path.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** RCPT TO: names one recipient. */
// RFC 5321 §4.1.1.3
export interface RcptCommand {
  readonly verb: 'RCPT'
  readonly forwardPath: ForwardPath
  readonly parameters: RcptParameters
  /** The path has octets above 127: allowed in a transaction that began with SMTPUTF8 (RFC 6531 §3.5). */
  readonly utf8: boolean
}

/** @param extensions those in force: parameters of others are unknown */
export function parseRcpt(scanner: CommandScanner, extensions: ReadonlySet<Extension>): RcptCommand {
  if (!scanner.literal('to:')) throw new ReplyError(replies.syntax('RCPT TO:<address>'))
  // RFC 5321 §3.3 deviation: spaces behind the colon are let pass, as in MAIL.
  scanner.space()
  const forwardPath = scanForwardPath(scanner)
  if (forwardPath === null) throw new ReplyError(replies.badRecipient)
  const parameters = scanParameters(scanner, RCPT_PARAMETERS, extensions)
  return { verb: 'RCPT', forwardPath, parameters, utf8: scanner.sawUtf8 }
}

export function formatRcpt(forwardPath: ForwardPath, parameters: RcptParameters): string {
  return `RCPT TO:<${formatPath(forwardPath)}>${formatParameters(parameters, RCPT_PARAMETERS)}`
}
