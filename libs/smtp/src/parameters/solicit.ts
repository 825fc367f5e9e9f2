import { isSolicitationKeyword, SOLICITATIONS_OCTETS } from '@cartero/syntax'
import type { MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

/** `SOLICIT=<keyword>,…`: what kinds of solicitation the message is, as its sender says. */
// RFC 3865 §2.3
export const solicit: ParameterRow<MailParameters> = {
  keyword: 'SOLICIT',
  extension: 'NO-SOLICITING',
  parse: (value) => {
    const words = value?.split(',') ?? ['']
    if (value === undefined || value.length > SOLICITATIONS_OCTETS) return undefined
    return words.every(isSolicitationKeyword) ? { solicitations: words } : undefined
  },
  format: ({ solicitations }) =>
    solicitations === undefined || solicitations.length === 0
      ? undefined
      : `SOLICIT=${solicitations.join(',')}`,
}
