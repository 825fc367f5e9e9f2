import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.4.1. Everything is durable as soon as it is answered, so there is nothing to do. */
export const check: CommandRow = {
  name: 'CHECK',
  state: 'selected',
  expunges: true,
  read: () =>
    ask((session) => {
      session.poll()
      return ok('Checked')
    }),
}
