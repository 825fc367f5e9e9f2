import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `HOLDFOR=<seconds>`: the message is kept back for so long. */
// RFC 4865 §3
export const holdFor: ParameterRow<MailParameters> = {
  keyword: 'HOLDFOR',
  extension: 'FUTURERELEASE',
  // RFC 4865 §3: future-release-integer = %x31-39 *8DIGIT
  parse: (value) =>
    value !== undefined && /^[1-9]\d{0,8}$/.test(value) ? { holdFor: Number(value) } : undefined,
  format: (parameters) => (parameters.holdFor === undefined ? undefined : `HOLDFOR=${parameters.holdFor}`),
}
