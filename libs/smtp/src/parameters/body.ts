import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `BODY=7BIT`, `BODY=8BITMIME` or, where that is offered too, `BODY=BINARYMIME`. */
// RFC 6152 §3, RFC 3030 §3
export const body: ParameterRow<MailParameters> = {
  keyword: 'BODY',
  extension: '8BITMIME',
  parse: (value, extensions) => {
    const kind = value?.toUpperCase()
    if (kind === '7BIT' || kind === '8BITMIME') return { body: kind }
    return kind === 'BINARYMIME' && extensions.has('BINARYMIME') ? { body: kind } : undefined
  },
  format: (parameters) => (parameters.body === undefined ? undefined : `BODY=${parameters.body}`),
}
