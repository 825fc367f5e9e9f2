import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'
import { asBuffer } from '@cartero/sql'

import { formatFlags } from '../flags.ts'
import type { Flag, Mailbox, MessageRow, StoredMessage } from '../ports.ts'
import { splitKeywords } from './worker/keywords.ts'
import type { MailboxRow } from './worker/mailboxes.ts'
import type { PackedMessages, PackedRows } from './worker/packing.ts'

export function mailboxOf(row: MailboxRow): Mailbox {
  const { id, name, uidValidity, uidNext, messages, unseen, recent, size, specialUse } = row
  const mailbox = {
    id,
    account: row.owner,
    name,
    uidValidity,
    uidNext,
    highestModseq: row.modseq,
    messages,
    unseen,
    recent,
    size,
    subscribed: row.subscribed === 1,
    keywords: splitKeywords(row.keywords),
    noSelect: row.noSelect === 1,
  }
  return specialUse === null ? mailbox : { ...mailbox, specialUse }
}

/** Messages with the same flags share the array of them. */
export function rowsOf(packed: PackedRows): MessageRow[] {
  const { uids, modseqs, codes } = packed
  const sets = flagsOf(packed)
  const rows: MessageRow[] = []
  for (let at = 0; at < uids.length; at++) {
    rows.push({ uid: uids[at] ?? 0, flags: sets[codes[at] ?? 0] ?? [], modseq: modseqs[at] ?? 0 })
  }
  return rows
}

export function messagesOf(packed: PackedMessages): StoredMessage[] {
  const octets = asBuffer(packed.octets)
  const { sizes, dates, contents, ends } = packed
  return rowsOf(packed).map(({ uid, flags, modseq }, at) => {
    const [start, middle, end] = [ends[2 * at - 1] ?? 0, ends[2 * at], ends[2 * at + 1]]
    let index: MessageIndex | undefined
    return {
      uid,
      flags,
      modseq,
      internalDate: dates[at] ?? 0,
      size: sizes[at] ?? 0,
      content: contents[at] as ContentId,
      prefix: octets.subarray(start, middle),
      /** Parsed when it is first read: FETCH FLAGS and BODY[] need none of it. */
      get index() {
        return (index ??= JSON.parse(octets.toString('utf8', middle, end)) as MessageIndex)
      },
    }
  })
}

function flagsOf({ sets }: PackedRows): readonly (readonly Flag[])[] {
  return sets.map(([system, keywords]) => formatFlags({ system, keywords: splitKeywords(keywords) }))
}
