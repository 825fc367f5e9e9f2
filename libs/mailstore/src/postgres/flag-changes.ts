import { type Queries, statement } from '@cartero/sql/postgres'

import {
  admitForChange,
  changedFlags,
  formatFlags,
  sameFlags,
  seen,
  type AdmittedKeywords,
  type FlagSet,
} from '../flags.ts'
import { splitKeywords } from '../keywords.ts'
import type { MailStoreLimits } from '../limits.ts'
import type { MailboxState } from '../mailbox-row.ts'
import {
  MailStoreError,
  type AccountId,
  type Flag,
  type FlagChange,
  type MailboxId,
  type MessageRow,
} from '../ports.ts'
import { ownerOf } from './accounts.ts'
import { inPortions, numbers } from './columns.ts'
import { removeLines } from './expunges.ts'
import { saveMailboxes, selectedMailbox } from './mailboxes.ts'
import { deletedLines, KeywordUse, linesOf, mayOverflow, type MessageLine } from './messages.ts'

const setFlags = statement(
  `UPDATE message SET flags = given.flags, keywords = given.keywords, modseq = $2
   FROM unnest($3::bigint[], $4::smallint[], $5::text[]) AS given (uid, flags, keywords)
   WHERE message.mailbox = $1 AND message.uid = given.uid`,
)

export interface FlagsAsked {
  readonly mailbox: MailboxId
  readonly uids: Uint32Array
  readonly change: FlagChange
  readonly given: FlagSet
  /** Infinity when the change has no condition. */
  readonly unchangedSince: number
}

export interface FlagsAnswer {
  readonly account: AccountId
  /** Whether the modseq moved. */
  readonly moved: boolean
  readonly changed: readonly MessageRow[]
  readonly refused: readonly number[]
}

/** Throws `noMailbox`, `limit`. */
export async function changeFlags(
  queries: Queries,
  asked: FlagsAsked,
  limits: MailStoreLimits,
): Promise<FlagsAnswer> {
  // Questions that travel together are answered in this order: what is read is what is true under the lock.
  const [{ name: account }, state, lines] = await Promise.all([
    ownerOf(queries, asked.mailbox),
    selectedMailbox(queries, asked.mailbox),
    linesOf(queries, asked.mailbox, asked.uids),
  ])
  const before = state.modseq
  const admitted = await admittedIn(queries, state, asked, limits)
  if (admitted.overflow) throw new MailStoreError('limit', `${state.name} has too many keywords`)
  const refused = lines.filter(({ modseq }) => modseq > asked.unchangedSince).map(({ uid }) => uid)
  const next = lines
    .filter(({ modseq }) => modseq <= asked.unchangedSince)
    .map((line) => changedLine(line, asked, admitted, before + 1))
  const changed = next.filter(({ modseq }) => modseq > before)
  if (changed.length > 0) state.modseq = before + 1
  if (next.length > 0) state.keywords = admitted.table.join(' ')
  const keeping = keepFlags(queries, state, lines, changed)
  await Promise.all([keeping, next.length > 0 && saveMailboxes(queries, [state])])
  return { account, moved: changed.length > 0, changed: next.map(rowOf()), refused }
}

/** Removes those that are marked \Deleted. Throws `noMailbox`. */
export async function expungeMarked(
  queries: Queries,
  { mailbox, uids }: { readonly mailbox: MailboxId; readonly uids: Uint32Array | undefined },
  { rememberedExpunges }: MailStoreLimits,
): Promise<{ readonly account: AccountId; readonly vanished: readonly number[]; readonly modseq: number }> {
  const [{ name: account }, state, lines] = await Promise.all([
    ownerOf(queries, mailbox),
    selectedMailbox(queries, mailbox),
    deletedLines(queries, mailbox, uids),
  ])
  if (lines.length > 0) {
    state.modseq++
    await removeLines(queries, state, lines, { rememberedExpunges, records: 'drop' })
    await saveMailboxes(queries, [state])
  }
  return { account, vanished: lines.map(({ uid }) => uid), modseq: state.modseq }
}

async function admittedIn(
  queries: Queries,
  state: MailboxState,
  { change, given }: FlagsAsked,
  limits: MailStoreLimits,
): Promise<AdmittedKeywords> {
  const use = new KeywordUse()
  if (mayOverflow(state, given.keywords, limits)) await use.read(queries, [state])
  const table = splitKeywords(state.keywords)
  return admitForChange(change, table, given.keywords, limits.keywordsPerMailbox, () => use.of(state))
}

/** The line after the change; the same when it had the flags already. */
function changedLine(
  line: MessageLine,
  { change, given }: FlagsAsked,
  { table, keywords }: AdmittedKeywords,
  modseq: number,
): MessageLine {
  const before = { system: line.flags, keywords: splitKeywords(line.keywords) }
  const next = changedFlags(before, change, { system: given.system, keywords }, table)
  if (sameFlags(before, next)) return line
  return { ...line, modseq, flags: next.system, keywords: next.keywords.join(' ') }
}

async function keepFlags(
  queries: Queries,
  state: MailboxState,
  lines: readonly MessageLine[],
  changed: readonly MessageLine[],
): Promise<void> {
  if (changed.length === 0) return
  const before = new Map(lines.map(({ uid, flags }) => [uid, flags]))
  for (const { uid, flags } of changed) {
    // `seen` is 1: the difference is the change of the count.
    state.unseen += ((before.get(uid) ?? 0) & seen) - (flags & seen)
  }
  await inPortions(changed, (portion) =>
    queries.run(setFlags, [
      state.id,
      state.modseq,
      numbers(portion.map(({ uid }) => uid)),
      numbers(portion.map(({ flags }) => flags)),
      portion.map(({ keywords }) => keywords),
    ]),
  )
}

/** Messages with the same flags share the array of them. */
function rowOf(): (line: MessageLine) => MessageRow {
  const sets = new Map<string, readonly Flag[]>()
  return ({ uid, modseq, flags, keywords }) => {
    const name = `${flags} ${keywords}`
    const known = sets.get(name) ?? formatFlags({ system: flags, keywords: splitKeywords(keywords) })
    sets.set(name, known)
    return { uid, flags: known, modseq }
  }
}
