import { decodeXtext, encodeXtext, formatMailbox, parseMailbox } from '@cartero/syntax'
import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `AUTH=<xtext>`: who submitted the message, as the client vouches; `<>` is nobody in particular. */
// RFC 4954 §5
export const auth: ParameterRow<MailParameters> = {
  keyword: 'AUTH',
  extension: 'AUTH',
  parse: (value) => {
    const text = value === undefined ? undefined : decodeXtext(value)
    if (text === '<>') return { auth: '<>' }
    const mailbox = text === undefined ? undefined : parseMailbox(text)
    return mailbox && { auth: mailbox }
  },
  format: ({ auth: submitter }) => {
    if (submitter === undefined) return undefined
    return submitter === '<>' ? 'AUTH=<>' : `AUTH=${encodeXtext(formatMailbox(submitter))}`
  },
}
