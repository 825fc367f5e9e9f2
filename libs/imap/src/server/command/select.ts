import { readSelect } from '../../command/select.ts'
import type { ResponseCode } from '../../response-code.ts'
import type { UntaggedResponse } from '../../response.ts'
import { ask, ok, type CommandFacts, type CommandRow, type Done } from '../command-row.ts'
import { ImapRefusal } from '../refusal.ts'
import type { FullSession, SelectedMailbox } from '../session.ts'
import { attributesOf } from '../listing.ts'

/** RFC 3501 §6.3.1 */
export const select: CommandRow = selectRow('SELECT', false)
/** RFC 3501 §6.3.2 */
export const examine: CommandRow = selectRow('EXAMINE', true)

function selectRow(name: string, readOnly: boolean): CommandRow {
  return {
    name,
    state: 'authenticated',
    expunges: true,
    read: (decoder, facts) => {
      const { mailbox, parameters } = readSelect(decoder)
      const condstore = parameters.includes('CONDSTORE') && facts.extensions.has('CONDSTORE')
      if (parameters.length > (condstore ? 1 : 0)) decoder.fault('a parameter on offer')
      return ask(async (session) => {
        if (condstore) session.enableCondstore?.()
        return selected(session, mailbox, readOnly, facts)
      })
    },
  }
}

async function selected(
  session: FullSession,
  name: string,
  readOnly: boolean,
  facts: CommandFacts,
): Promise<Done> {
  // RFC 7162 §3.2.11: tells what belongs to the mailbox before from what belongs to the next
  const closed = facts.state === 'selected' ? [status({ code: 'CLOSED' }, 'Previous mailbox is closed')] : []
  try {
    const mailbox = await session.select(name, readOnly)
    const untagged = [...closed, ...description(mailbox, facts)]
    if (facts.rev2.enabled) untagged.push(await listed(session, name))
    const code = { code: readOnly ? 'READ-ONLY' : 'READ-WRITE' } as const
    return ok(readOnly ? 'Examined' : 'Selected', { code, untagged, enter: 'selected' })
  } catch (error) {
    if (!(error instanceof ImapRefusal)) throw error
    // RFC 3501 §6.3.1: when SELECT fails, no mailbox is selected
    const result = { status: 'NO', text: error.message, ...(error.code && { code: error.code }) } as const
    return { result, untagged: closed, enter: 'authenticated' }
  }
}

function description(mailbox: SelectedMailbox, facts: CommandFacts): UntaggedResponse[] {
  const { rev2 } = facts
  const said: UntaggedResponse[] = [
    { kind: 'flags', flags: mailbox.flags },
    { kind: 'exists', number: mailbox.exists },
  ]
  // RFC 9051 Appendix E: rev2 has neither RECENT nor UNSEEN here
  if (!rev2.enabled) said.push({ kind: 'recent', number: mailbox.recent })
  if (!rev2.enabled && mailbox.firstUnseen !== undefined) {
    said.push(status({ code: 'UNSEEN', number: mailbox.firstUnseen }, 'First unseen message'))
  }
  said.push(status({ code: 'UIDVALIDITY', number: mailbox.uidValidity }, 'UIDs are valid'))
  said.push(status({ code: 'UIDNEXT', number: mailbox.uidNext }, 'Predicted next UID'))
  said.push(status({ code: 'PERMANENTFLAGS', flags: mailbox.permanentFlags }, 'Flags that stay'))
  if (mailbox.highestModseq !== undefined) {
    said.push(status({ code: 'HIGHESTMODSEQ', number: mailbox.highestModseq }, 'Highest modseq'))
  }
  return said
}

// RFC 9051 §6.3.2: rev2 wants a LIST response
async function listed(session: FullSession, name: string): Promise<UntaggedResponse> {
  const mailboxes = await session.mailboxes()
  const mailbox = mailboxes.find((candidate) => candidate.name === name)
  return { kind: 'list', name, attributes: mailbox === undefined ? [] : attributesOf(mailbox, mailboxes) }
}

function status(code: ResponseCode, text: string): UntaggedResponse {
  return { kind: 'status', status: 'OK', code, text }
}
