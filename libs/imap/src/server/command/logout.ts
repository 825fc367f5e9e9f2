import { ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.1.3 */
export const logout: CommandRow = {
  name: 'LOGOUT',
  state: 'any',
  expunges: true,
  read: () => ({
    kind: 'answer',
    done: ok('Logged out', {
      untagged: [{ kind: 'status', status: 'BYE', text: 'Goodbye' }],
      leaves: true,
    }),
  }),
}
