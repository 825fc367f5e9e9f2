import { attributesOf } from '../../verb/proxied.ts'
import type { ExtensionRow } from './row.ts'

/** The attributes that may be said. */
// Postfix XCLIENT_README
export const xclient: ExtensionRow = {
  extension: 'XCLIENT',
  offer: ({ session }) => (session.xclient === undefined ? undefined : attributesOf('XCLIENT').join(' ')),
}
