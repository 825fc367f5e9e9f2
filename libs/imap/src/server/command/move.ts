import { readCopy } from '../../command/copy.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import { copyUid } from './copy.ts'

/** RFC 6851 §3.3: COPYUID comes before the removals, which `updates` tells. */
export const move: CommandRow = moveRow('MOVE', false)
export const uidMove: CommandRow = moveRow('UID MOVE', true)

function moveRow(name: string, uid: boolean): CommandRow {
  return {
    name,
    state: 'selected',
    expunges: true,
    needs: 'MOVE',
    read: (decoder) => {
      const command = readCopy(decoder, uid)
      return ask(async (session) => {
        const code = copyUid(await session.move!(command))
        if (code === undefined) return ok('Nothing to move')
        return ok('Moved', { untagged: [{ kind: 'status', status: 'OK', code, text: 'Moving' }] })
      })
    },
  }
}
