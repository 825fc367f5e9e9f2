import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.1.2: a chance to be told what changed. */
export const noop: CommandRow = {
  name: 'NOOP',
  state: 'any',
  expunges: true,
  read: () =>
    ask((session) => {
      session.poll()
      return ok('Nothing done')
    }),
}
