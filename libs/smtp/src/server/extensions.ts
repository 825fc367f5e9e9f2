import type { Extension } from '../extensions.ts'
import type { Dialogue } from './dialogue.ts'

/** An extension and when it is offered: `parameters` is what stands behind its keyword, undefined that it is not. */
interface OfferRow {
  readonly extension: Extension
  parameters(dialogue: Dialogue): string | undefined
}

const always = (extension: Extension): OfferRow => ({ extension, parameters: () => '' })

/** What EHLO advertises; parameters of MAIL and RCPT are understood if and only if their extension is. */
const OFFERS: readonly OfferRow[] = [
  always('PIPELINING'),
  {
    // RFC 1870 §4: 0 says that there is no fixed limit
    extension: 'SIZE',
    parameters: ({ policy }) => String(policy.limits.messageSize),
  },
  always('8BITMIME'),
  always('SMTPUTF8'),
  always('ENHANCEDSTATUSCODES'),
  {
    // RFC 3207 §4.2: not after TLS was started
    extension: 'STARTTLS',
    parameters: ({ policy, tls }) => (policy.startTls && tls === undefined ? '' : undefined),
  },
  {
    extension: 'AUTH',
    parameters: (dialogue) => {
      const mechanisms = dialogue.mechanisms()
      return mechanisms.length > 0 && dialogue.account === undefined ? mechanisms.join(' ') : undefined
    },
  },
  always('HELP'),
]

/** Lines of an EHLO answer. */
export function offeredLines(dialogue: Dialogue): string[] {
  return OFFERS.flatMap((row) => {
    const parameters = row.parameters(dialogue)
    if (parameters === undefined) return []
    return parameters === '' ? row.extension : `${row.extension} ${parameters}`
  })
}

/** Extensions whose parameters are understood. AUTH= stays known after authentication (RFC 4954 §5). */
export function understoodExtensions(dialogue: Dialogue): ReadonlySet<Extension> {
  const offered = OFFERS.filter((row) => row.parameters(dialogue) !== undefined).map((row) => row.extension)
  return new Set(dialogue.account === undefined ? offered : [...offered, 'AUTH'])
}
