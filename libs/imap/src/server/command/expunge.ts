import { readUidExpunge } from '../../command/expunge.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.4.3. What went is told as updates. */
export const expunge: CommandRow = {
  name: 'EXPUNGE',
  state: 'selected',
  expunges: true,
  read: () =>
    ask(async (session) => {
      await session.expunge()
      return ok('Expunged')
    }),
}

/** RFC 4315 §2.1 */
export const uidExpunge: CommandRow = {
  name: 'UID EXPUNGE',
  state: 'selected',
  expunges: true,
  read: (decoder) => {
    const uids = readUidExpunge(decoder)
    return ask(async (session) => {
      await session.expunge(uids)
      return ok('Expunged')
    })
  },
}
