import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.4.2: removes what is marked \Deleted, without a word, and leaves the mailbox. */
export const close: CommandRow = {
  name: 'CLOSE',
  state: 'selected',
  expunges: true,
  read: () =>
    ask(async (session) => {
      await session.unselect(true)
      return ok('Closed', { enter: 'authenticated' })
    }),
}
