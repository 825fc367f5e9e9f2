import { readList, type ListCommand } from '../../command/list.ts'
import type { UntaggedResponse } from '../../response.ts'
import { ask, ok, type CommandRow } from '../command-row.ts'
import { listing } from '../listing.ts'
import { ImapRefusal } from '../refusal.ts'
import type { FullSession } from '../session.ts'

/** RFC 3501 §6.3.8, RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154 */
export const list: CommandRow = {
  name: 'LIST',
  state: 'authenticated',
  expunges: true,
  read: (decoder) => {
    const command = readList(decoder)
    return ask(async (session) => ok('That is all', { untagged: await listed(session, command) }))
  },
}

async function listed(session: FullSession, command: ListCommand): Promise<readonly UntaggedResponse[]> {
  // RFC 3501 §6.3.8: an empty pattern asks for the delimiter and the root of the reference
  if (!command.extended && command.patterns[0] === '') {
    return [{ kind: 'list', attributes: ['\\Noselect'], name: '' }]
  }
  const said: UntaggedResponse[] = []
  const found = listing(command, await session.mailboxes(), await session.subscriptions())
  for (const entry of found) {
    said.push(entry)
    const selectable = !entry.attributes.some((name) => name === '\\Noselect' || name === '\\NonExistent')
    if (command.status.length > 0 && selectable) said.push(...(await statusOf(session, entry.name, command)))
  }
  return said
}

/** RFC 5819 §2: no STATUS for a mailbox that went away meanwhile. */
async function statusOf(
  session: FullSession,
  name: string,
  { status }: ListCommand,
): Promise<readonly UntaggedResponse[]> {
  try {
    return [{ kind: 'mailboxStatus', name, items: await session.status(name, status) }]
  } catch (error) {
    if (error instanceof ImapRefusal) return []
    throw error
  }
}
