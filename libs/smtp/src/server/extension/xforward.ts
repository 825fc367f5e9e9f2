import { attributesOf } from '../../verb/proxied.ts'
import type { ExtensionRow } from './row.ts'

/** The attributes that may be said. */
// Postfix XFORWARD_README
export const xforward: ExtensionRow = {
  extension: 'XFORWARD',
  offer: ({ session }) => (session.xforward === undefined ? undefined : attributesOf('XFORWARD').join(' ')),
}
