import type { ExtensionRow } from './row.ts'

/** The kinds of solicitation that nobody here wants. */
// RFC 3865 §2.1
export const noSoliciting: ExtensionRow = {
  extension: 'NO-SOLICITING',
  offer: (_dialogue, { solicitations }) => solicitations?.join(','),
}
