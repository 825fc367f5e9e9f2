import type { ExtensionRow } from './row.ts'

/** The largest message; 0 says that there is no fixed limit. */
// RFC 1870 §4
export const size: ExtensionRow = {
  extension: 'SIZE',
  offer: ({ policy }) => String(policy.limits.messageSize),
}
