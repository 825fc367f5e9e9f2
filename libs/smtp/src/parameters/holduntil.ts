import { formatTimestamp, parseTimestamp } from '../timestamp.ts'
import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `HOLDUNTIL=<date-time>`: the message is kept back until then. */
// RFC 4865 §3
export const holdUntil: ParameterRow<MailParameters> = {
  keyword: 'HOLDUNTIL',
  extension: 'FUTURERELEASE',
  parse: (value) => {
    const until = value === undefined ? undefined : parseTimestamp(value)
    return until === undefined ? undefined : { holdUntil: until }
  },
  format: (parameters) =>
    parameters.holdUntil === undefined ? undefined : `HOLDUNTIL=${formatTimestamp(parameters.holdUntil)}`,
}
