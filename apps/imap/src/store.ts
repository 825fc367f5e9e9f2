import type { FetchedMessage, StoreCommand } from '@cartero/imap'
import { refusals, type Stored } from '@cartero/imap/server'
import type { MailStore, MessageRow } from '@cartero/mailstore'
import type { MailboxView } from './mailbox-view.ts'
import { refusing } from './refusal-of.ts'

/** Carries out a STORE (RFC 3501 §6.4.6): one transaction, and the flags as they are then. */
export async function storeFlags(
  view: MailboxView,
  store: MailStore,
  command: StoreCommand,
  sequences: readonly number[],
): Promise<Stored> {
  if (view.readOnly) throw refusals.readOnly()
  const { change, flags, silent, unchangedSince } = command
  const uids = sequences.map((sequence) => view.tracker.row(sequence).uid)
  const options = unchangedSince === undefined ? {} : { unchangedSince }
  const work = store.changeFlags(view.mailbox.id, uids, change, flags, options)
  const { changed, refused } = await refusing(work)
  const rows = view.settle(changed)
  // RFC 7162 §3.1.3: the new modseq is told even when the flags are not
  const told = silent && unchangedSince === undefined && !view.tracker.tellsModseq ? [] : rows
  return {
    messages: told.flatMap((row) => message(view, row, command)),
    modified: command.numbers.uid ? refused : refused.flatMap((uid) => view.tracker.sequenceOf(uid) ?? []),
  }
}

function message(
  { tracker }: MailboxView,
  { uid, flags, modseq }: MessageRow,
  { numbers, silent, unchangedSince }: StoreCommand,
): readonly FetchedMessage[] {
  const sequence = tracker.sequenceOf(uid)
  if (sequence === undefined) return []
  const items: FetchedMessage['items'][number][] = numbers.uid ? [{ item: 'UID', uid }] : []
  if (!silent) items.push({ item: 'FLAGS', flags })
  if (unchangedSince !== undefined || tracker.tellsModseq) items.push({ item: 'MODSEQ', modseq })
  return [{ sequence, items }]
}
