import type { CommandScanner } from '../command-scanner.ts'
import type { Extension } from '../extensions.ts'
import { formatParameters, scanParameters } from '../parameters/list.ts'
import { MAIL_PARAMETERS, type MailParameters } from '../parameters/mail-parameters.ts'
import { formatPath, scanReversePath, type ReversePath } from '../path.ts'
import { replies } from '../replies.ts'
import { ReplyError } from '../reply-error.ts'

/**
 * MAIL FROM: begins a transaction. SEND brings the message to a terminal, SOML to a terminal or else to the mailbox, SAML
 * to both.
 */
// RFC 5321 §4.1.1.2, RFC 821 §3.4
export interface MailCommand {
  readonly verb: 'MAIL' | 'SEND' | 'SOML' | 'SAML'
  readonly reversePath: ReversePath
  readonly parameters: MailParameters
}

/** @param extensions those in force: parameters of others are unknown */
export function parseMail(
  verb: MailCommand['verb'],
  scanner: CommandScanner,
  extensions: ReadonlySet<Extension>,
): MailCommand {
  if (!scanner.literal('from:')) throw new ReplyError(replies.syntax(`${verb} FROM:<address>`))
  // RFC 5321 §3.3 deviation: spaces behind the colon are let pass; so many send one that refusing would lose mail.
  scanner.space()
  const reversePath = scanReversePath(scanner)
  if (reversePath === null) throw new ReplyError(replies.badSender)
  const parameters = scanParameters(scanner, MAIL_PARAMETERS, extensions)
  // RFC 6531 §3.5
  if (scanner.sawUtf8 && parameters.smtpUtf8 !== true) throw new ReplyError(replies.nonAsciiAddress)
  // RFC 4865 §3: one of the two
  if (parameters.holdFor !== undefined && parameters.holdUntil !== undefined) {
    throw new ReplyError(replies.badParameter('HOLDUNTIL'))
  }
  return { verb, reversePath, parameters }
}

export function formatMail(
  reversePath: ReversePath,
  parameters: MailParameters,
  verb: MailCommand['verb'] = 'MAIL',
): string {
  return `${verb} FROM:<${formatPath(reversePath)}>${formatParameters(parameters, MAIL_PARAMETERS)}`
}
