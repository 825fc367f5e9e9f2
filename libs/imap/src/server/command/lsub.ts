import { readLsub } from '../../command/list.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import { subscribedListing } from '../listing.ts'

/** RFC 3501 §6.3.9 */
export const lsub: CommandRow = {
  name: 'LSUB',
  state: 'authenticated',
  expunges: true,
  read: (decoder) => {
    const { reference, pattern } = readLsub(decoder)
    return ask(async (session) => {
      const untagged = subscribedListing(
        reference + pattern,
        await session.mailboxes(),
        await session.subscriptions(),
      )
      return ok('That is all', { untagged })
    })
  },
}
