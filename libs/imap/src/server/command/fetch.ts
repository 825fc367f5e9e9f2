import { readFetch } from '../../command/fetch.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'

/** RFC 3501 §6.4.5. Numbers must not shift while FETCH by number is answered (§7.4.1); uids do not care. */
export const fetch: CommandRow = fetchRow('FETCH', false)
export const uidFetch: CommandRow = fetchRow('UID FETCH', true)

function fetchRow(name: string, uid: boolean): CommandRow {
  return {
    name,
    state: 'selected',
    expunges: uid,
    read: (decoder, { extensions }) => {
      const command = readFetch(decoder, uid)
      const binary = command.items.some(({ item }) => item.startsWith('BINARY'))
      if (binary && !extensions.has('BINARY')) decoder.fault('a fetch item on offer')
      return ask((session) => ok('Fetched', { messages: session.fetch(command) }))
    },
  }
}
