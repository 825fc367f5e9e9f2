import { readMailbox } from '../../command/mailbox.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.3.4 */
export const delete_: CommandRow = {
  name: 'DELETE',
  state: 'authenticated',
  expunges: true,
  read: (decoder) => {
    const mailbox = readMailbox(decoder)
    return ask(async (session) => {
      await session.delete(mailbox)
      return ok('Deleted')
    })
  },
}
