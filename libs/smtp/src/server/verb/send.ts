import type { MailCommand } from '../../verb/mail.ts'
import { replies } from '../../replies.ts'
import { mail } from './mail.ts'
import type { VerbRow } from './row.ts'

/** A transaction whose message goes to a terminal, if the session knows how to get it there. */
// RFC 821 §3.4, RFC 5321 §F.6
const toTerminal = (verb: Exclude<MailCommand['verb'], 'MAIL'>): VerbRow<MailCommand> => ({
  ...mail,
  verb,
  available: (dialogue) => (dialogue.honours().terminals === true ? undefined : replies.notImplemented),
  help: `${verb} FROM:<address>`,
  rfc: 'RFC 821 §3.4',
})

export const send = toTerminal('SEND')
export const soml = toTerminal('SOML')
export const saml = toTerminal('SAML')
