import { ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.1.1 */
export const capability: CommandRow = {
  name: 'CAPABILITY',
  state: 'any',
  expunges: true,
  read: (_decoder, { capabilities }) => ({
    kind: 'answer',
    done: ok('That is all', { untagged: [{ kind: 'capability', capabilities }] }),
  }),
}
