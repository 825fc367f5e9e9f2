import { readCopy } from '../../command/copy.ts'
import { NumberSet } from '../../number-set.ts'
import type { ResponseCode } from '../../response-code.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import type { Copied } from '../session.ts'

/** RFC 3501 §6.4.7, COPYUID of RFC 4315 §3. */
export const copy: CommandRow = copyRow('COPY', false)
export const uidCopy: CommandRow = copyRow('UID COPY', true)

function copyRow(name: string, uid: boolean): CommandRow {
  return {
    name,
    state: 'selected',
    expunges: true,
    read: (decoder) => {
      const command = readCopy(decoder, uid)
      return ask(async (session) => {
        const code = copyUid(await session.copy(command))
        return ok('Copied', code && { code })
      })
    },
  }
}

/** The code, unless nothing was copied: an empty set cannot be written. */
export function copyUid({ uidValidity, pairs }: Copied): ResponseCode | undefined {
  if (pairs.length === 0) return undefined
  const from = NumberSet.of(pairs.map(([uid]) => uid))
  const to = NumberSet.of(pairs.map(([, uid]) => uid))
  return { code: 'COPYUID', uidValidity, from, to }
}
