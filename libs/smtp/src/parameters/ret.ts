import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

const AMOUNTS = { FULL: 'full', HDRS: 'headers' } as const

/** `RET=FULL` or `RET=HDRS`: how much of the message a notice of failure gives back. */
// RFC 3461 §4.3
export const ret: ParameterRow<MailParameters> = {
  keyword: 'RET',
  extension: 'DSN',
  parse: (value) => {
    const word = value?.toUpperCase()
    return word === 'FULL' || word === 'HDRS' ? { return: AMOUNTS[word] } : undefined
  },
  format: (parameters) => {
    if (parameters.return === undefined) return undefined
    return parameters.return === 'full' ? 'RET=FULL' : 'RET=HDRS'
  },
}
