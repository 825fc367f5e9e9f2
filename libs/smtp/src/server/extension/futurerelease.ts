import { formatTimestamp } from '../../timestamp.ts'
import type { ExtensionRow } from './row.ts'

/** The longest wait, in seconds and as a point in time. */
// RFC 4865 §3
export const futureRelease: ExtensionRow = {
  extension: 'FUTURERELEASE',
  offer: (_dialogue, { futureRelease: longest }) =>
    longest && `${longest.seconds} ${formatTimestamp(longest.until - (longest.until % 1000))}`,
}
