import { readStore, type StoreCommand } from '../../command/store.ts'
import { NumberSet } from '../../number-set.ts'
import { ask, ok, type CommandRow, type Done } from '../command-row.ts'
import type { FullSession } from '../session.ts'

/** RFC 3501 §6.4.6. As with FETCH, numbers must not shift meanwhile (§7.4.1). */
export const store: CommandRow = storeRow('STORE', false)
export const uidStore: CommandRow = storeRow('UID STORE', true)

function storeRow(name: string, uid: boolean): CommandRow {
  return {
    name,
    state: 'selected',
    expunges: uid,
    read: (decoder, { extensions }) => {
      const command = readStore(decoder, uid)
      if (command.unchangedSince !== undefined && !extensions.has('CONDSTORE')) {
        decoder.fault('flags without a modifier')
      }
      return ask((session) => stored(session, command))
    },
  }
}

async function stored(session: FullSession, command: StoreCommand): Promise<Done> {
  // RFC 7162 §3.1: UNCHANGEDSINCE enables CONDSTORE
  if (command.unchangedSince !== undefined) session.enableCondstore?.()
  const { messages, modified } = await session.store(command)
  const untagged = messages.map((message) => ({ kind: 'fetch', message }) as const)
  if (modified.length === 0) return ok('Stored', { untagged })
  return ok('Stored but for some', { untagged, code: { code: 'MODIFIED', numbers: NumberSet.of(modified) } })
}
