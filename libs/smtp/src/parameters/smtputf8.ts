import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `SMTPUTF8`: addresses or header fields of this message are in UTF-8. */
// RFC 6531 §3.4
export const smtpUtf8: ParameterRow<MailParameters> = {
  keyword: 'SMTPUTF8',
  extension: 'SMTPUTF8',
  parse: (value) => (value === undefined ? { smtpUtf8: true } : undefined),
  format: (parameters) => (parameters.smtpUtf8 === true ? 'SMTPUTF8' : undefined),
}
