import { readId } from '../../command/id.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 2971 §3.1 */
export const id: CommandRow = {
  name: 'ID',
  state: 'any',
  expunges: true,
  read: (decoder) => {
    const client = readId(decoder)
    return ask((session) => ok('Pleased', { untagged: [{ kind: 'id', fields: session.identify(client) }] }))
  },
}
