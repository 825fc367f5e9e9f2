import type { DeliverBy, MailParameters } from './mail-parameters.ts'
import type { ParameterRow } from './row.ts'

// RFC 2852 §4: by-time ";" by-mode [by-trace]
const BY = /^([-+]?\d{1,9});([NR])(T)?$/i

/** `BY=<seconds>;R` gives the message back when the time is over, `;N` tells that it is late; `T` traces it. */
// RFC 2852 §4
export const by: ParameterRow<MailParameters> = {
  keyword: 'BY',
  extension: 'DELIVERBY',
  parse: (value) => {
    const match = BY.exec(value ?? '')
    if (match === null) return undefined
    // `+ 0` keeps "-0" from becoming negative zero.
    const seconds = Number(match[1]) + 0
    const mode = match[2]!.toUpperCase() === 'R' ? 'return' : 'notify'
    // RFC 2852 §4: what is over already cannot be delivered in time
    if (mode === 'return' && seconds <= 0) return undefined
    return { deliverBy: { seconds, mode, trace: match[3] !== undefined } }
  },
  format: ({ deliverBy }) => (deliverBy === undefined ? undefined : `BY=${formatDeliverBy(deliverBy)}`),
}

function formatDeliverBy({ seconds, mode, trace }: DeliverBy): string {
  return `${seconds};${mode === 'return' ? 'R' : 'N'}${trace ? 'T' : ''}`
}
