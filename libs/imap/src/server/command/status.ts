import { readStatus } from '../../command/status.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.3.10, SIZE of RFC 8438 */
export const status: CommandRow = {
  name: 'STATUS',
  state: 'authenticated',
  expunges: true,
  read: (decoder) => {
    const { mailbox, items } = readStatus(decoder)
    return ask(async (session) => {
      const values = await session.status(mailbox, items)
      return ok('That is all', { untagged: [{ kind: 'mailboxStatus', name: mailbox, items: values }] })
    })
  },
}
