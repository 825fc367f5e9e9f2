import { decodeXtext, encodeXtext } from '@cartero/syntax'
import type { MailParameters } from './mail-parameters.ts'
import { isPrintable } from './printable.ts'
import type { ParameterRow } from './row.ts'

/** Octets of the value as it stands in the command. */
// RFC 3461 §4.4
const ENVELOPE_ID_OCTETS = 100

/** `ENVID=<xtext>`: the sender's own name for the message, repeated in notices and therefore printable ASCII. */
// RFC 3461 §4.4
export const envid: ParameterRow<MailParameters> = {
  keyword: 'ENVID',
  extension: 'DSN',
  parse: (value) => {
    if (value === undefined || value.length > ENVELOPE_ID_OCTETS) return undefined
    const envelopeId = decodeXtext(value)
    return envelopeId !== undefined && isPrintable(envelopeId) ? { envelopeId } : undefined
  },
  format: ({ envelopeId }) => (envelopeId === undefined ? undefined : `ENVID=${encodeXtext(envelopeId)}`),
}
