import { readRename } from '../../command/rename.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.3.5 */
export const rename: CommandRow = {
  name: 'RENAME',
  state: 'authenticated',
  expunges: true,
  read: (decoder) => {
    const { from, to } = readRename(decoder)
    return ask(async (session) => {
      await session.rename(from, to)
      return ok('Renamed')
    })
  },
}
