import { admitKeywords, type AdmittedKeywords } from '../../flags.ts'
import { splitKeywords } from '../../keywords.ts'
import type { MailboxState } from '../../mailbox-row.ts'
import type { MessageTable } from './messages.ts'

/** Finds a place in the mailbox for keywords that are given separated by spaces. The state is not changed. */
export function admit(
  messages: MessageTable,
  state: MailboxState,
  given: string,
  limit: number,
): AdmittedKeywords {
  return admitKeywords(splitKeywords(state.keywords), splitKeywords(given), limit, () =>
    messages.keywordsInUse(state.id),
  )
}

/** As `admit`; what finds no place is dropped, and the state has the new table. Returns the message's keywords. */
export function admitAll(messages: MessageTable, state: MailboxState, given: string, limit: number): string {
  if (given === '') return given
  const { table, keywords } = admit(messages, state, given, limit)
  state.keywords = table.join(' ')
  return keywords.join(' ')
}
