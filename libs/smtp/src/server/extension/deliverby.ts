import type { ExtensionRow } from './row.ts'

/** The shortest time that may be asked for with return of the message; nothing stands there when any may. */
// RFC 2852 §2
export const deliverBy: ExtensionRow = {
  extension: 'DELIVERBY',
  offer: (_dialogue, honours) => {
    if (honours.deliverBy === undefined) return undefined
    return honours.deliverBy.minimum > 0 ? String(honours.deliverBy.minimum) : ''
  },
}
