import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `BODY=7BIT` or `BODY=8BITMIME`. */
// RFC 6152 §3
// RFC 3030 §3 todo: BODY=BINARYMIME
export const body: ParameterRow<MailParameters> = {
  keyword: 'BODY',
  extension: '8BITMIME',
  parse: (value) => {
    const kind = value?.toUpperCase()
    return kind === '7BIT' || kind === '8BITMIME' ? { body: kind } : undefined
  },
  format: (parameters) => (parameters.body === undefined ? undefined : `BODY=${parameters.body}`),
}
