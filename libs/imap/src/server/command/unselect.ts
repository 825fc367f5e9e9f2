import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3691 §2: leaves the mailbox and removes nothing. */
export const unselect: CommandRow = {
  name: 'UNSELECT',
  state: 'selected',
  expunges: true,
  read: () =>
    ask(async (session) => {
      await session.unselect(false)
      return ok('Unselected', { enter: 'authenticated' })
    }),
}
