import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `SIZE=<octets>`: what the client believes the message to have. */
// RFC 1870 §6
export const size: ParameterRow<MailParameters> = {
  keyword: 'SIZE',
  extension: 'SIZE',
  // RFC 1870 §6: size-value ::= 1*20DIGIT
  parse: (value) => (value !== undefined && /^\d{1,20}$/.test(value) ? { size: Number(value) } : undefined),
  format: (parameters) => (parameters.size === undefined ? undefined : `SIZE=${parameters.size}`),
}
