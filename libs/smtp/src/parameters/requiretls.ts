import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `REQUIRETLS`: the message goes over no hop without TLS, and is given back rather than that. */
// RFC 8689 §2
export const requireTls: ParameterRow<MailParameters> = {
  keyword: 'REQUIRETLS',
  extension: 'REQUIRETLS',
  parse: (value) => (value === undefined ? { requireTls: true } : undefined),
  format: (parameters) => (parameters.requireTls === true ? 'REQUIRETLS' : undefined),
}
