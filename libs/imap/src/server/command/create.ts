import { readCreate } from '../../command/create.ts'
import { DELIMITER } from '../../mailbox-name.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import { ImapRefusal } from '../refusal.ts'

/** RFC 3501 §6.3.3, RFC 6154 §3 */
export const create: CommandRow = {
  name: 'CREATE',
  state: 'authenticated',
  expunges: true,
  read: (decoder, { extensions }) => {
    const { mailbox, uses } = readCreate(decoder)
    if (uses.length > 1 || (uses.length === 1 && !extensions.has('SPECIAL-USE'))) {
      throw new ImapRefusal({ code: 'USEATTR' }, 'Special use is not supported')
    }
    return ask(async (session) => {
      await session.create(withoutTrailingDelimiter(mailbox), uses[0])
      return ok('Created')
    })
  },
}

/** A delimiter at the end only says that children will follow (RFC 3501 §6.3.3). */
function withoutTrailingDelimiter(name: string): string {
  return name.length > 1 && name.endsWith(DELIMITER) ? name.slice(0, -1) : name
}
