import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** Octets of all keywords with the commas between them. */
// RFC 3865 §2.2
export const SOLICITATIONS_OCTETS = 1000

// RFC 3865 §2.2: word = ALPHA 0*(wordchar)
const WORD = /^[A-Za-z][A-Za-z0-9._:-]*$/

/** `SOLICIT=<keyword>,…`: what kinds of solicitation the message is, as its sender says. */
// RFC 3865 §2.3
export const solicit: ParameterRow<MailParameters> = {
  keyword: 'SOLICIT',
  extension: 'NO-SOLICITING',
  parse: (value) => {
    const words = value?.split(',') ?? ['']
    if (value === undefined || value.length > SOLICITATIONS_OCTETS) return undefined
    return words.every((word) => WORD.test(word)) ? { solicitations: words } : undefined
  },
  format: ({ solicitations }) =>
    solicitations === undefined || solicitations.length === 0
      ? undefined
      : `SOLICIT=${solicitations.join(',')}`,
}
