import { ok, type CommandRow } from '../command-row.ts'

/** RFC 2342 §5: everything is the user's own. */
export const namespace: CommandRow = {
  name: 'NAMESPACE',
  state: 'authenticated',
  expunges: true,
  read: () => ({ kind: 'answer', done: ok('That is all', { untagged: [{ kind: 'namespace' }] }) }),
}
