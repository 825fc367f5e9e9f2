import type { ExtensionRow } from './row.ts'

/** The mechanisms; not once it was done, although `AUTH=` stays known (RFC 4954 §5). */
// RFC 4954 §3
export const auth: ExtensionRow = {
  extension: 'AUTH',
  inOdmr: true,
  offer: (dialogue) => {
    const mechanisms = dialogue.mechanisms()
    return mechanisms.length > 0 && dialogue.account === undefined ? mechanisms.join(' ') : undefined
  },
  understood: ({ account }) => account !== undefined,
}
