import type { CommandScanner } from '../command-scanner.ts'
import type { Extension } from '../extensions.ts'
import { formatParameters, scanParameters } from '../parameters/list.ts'
import { MAIL_PARAMETERS, type MailParameters } from '../parameters/mail-parameters.ts'
import { formatPath, scanReversePath, type ReversePath } from '../path.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/** MAIL FROM: begins a transaction. */
// RFC 5321 §4.1.1.2
export interface MailCommand {
  readonly verb: 'MAIL'
  readonly reversePath: ReversePath
  readonly parameters: MailParameters
}

/** @param extensions those in force: parameters of others are unknown */
export function parseMail(scanner: CommandScanner, extensions: ReadonlySet<Extension>): MailCommand {
  if (!scanner.literal('from:')) throw new ReplyError(replies.syntax('MAIL FROM:<address>'))
  // RFC 5321 §3.3 deviation: spaces behind the colon are let pass; so many send one that refusing would lose mail.
  scanner.space()
  const reversePath = scanReversePath(scanner)
  if (reversePath === null) throw new ReplyError(replies.badSender)
  const parameters = scanParameters(scanner, MAIL_PARAMETERS, extensions)
  // RFC 6531 §3.5
  if (scanner.sawUtf8 && parameters.smtpUtf8 !== true) throw new ReplyError(replies.nonAsciiAddress)
  return { verb: 'MAIL', reversePath, parameters }
}

export function formatMail(reversePath: ReversePath, parameters: MailParameters): string {
  return `MAIL FROM:<${formatPath(reversePath)}>${formatParameters(parameters, MAIL_PARAMETERS)}`
}
