import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'
import { type Queries, statement } from '@cartero/sql/postgres'

import { formatFlags } from '../flags.ts'
import { splitKeywords } from '../keywords.ts'
import { mailboxOf, type MailboxRow } from '../mailbox-row.ts'
import { FlagSets, rowsOf, type PackedRows } from '../packed-rows.ts'
import type { Mailbox, MailboxChanges, MailboxId, MessageRow, StoredMessage } from '../ports.ts'
import { missingUids } from '../uids.ts'
import { ownerOf } from './accounts.ts'
import { numbers, numbersIn } from './columns.ts'
import { columns, goneMailbox, saveMailboxes, subscribed } from './mailboxes.ts'
import { keywordsByUid } from './messages.ts'

/** Uids asked for in one statement: what comes back is held at once. */
const fetchPortion = 1_000

// One statement sees one state of the database, whatever is committed meanwhile.
const opened = statement(
  `SELECT ${columns}, ${subscribed}, rows.packed, rows.words
   FROM mailbox JOIN account ON account.id = mailbox.account CROSS JOIN LATERAL (
     SELECT string_agg(int8send(uid << 8 | flags) || int8send(line.modseq), ''::bytea) AS packed,
       string_agg(uid || ' ' || line.keywords, E'\\n') FILTER (WHERE line.keywords <> '') AS words
     FROM (SELECT uid, message.modseq, flags, message.keywords FROM message
       WHERE message.mailbox = mailbox.id ORDER BY uid) AS line
   ) AS rows WHERE mailbox.id = $1 AND NOT no_select`,
)
const since = statement(
  `SELECT uid_next AS "uidNext", modseq, forgotten, rows.packed, rows.words,
     CASE WHEN $2 < forgotten
       THEN (SELECT string_agg(int8send(uid), ''::bytea)
         FROM (SELECT uid FROM message WHERE message.mailbox = mailbox.id ORDER BY uid) AS there)
       ELSE (SELECT string_agg(int8send(uid), ''::bytea)
         FROM (SELECT uid FROM expunge WHERE expunge.mailbox = mailbox.id AND expunge.modseq > $2
           ORDER BY expunge.modseq, uid) AS gone)
     END AS uids
   FROM mailbox CROSS JOIN LATERAL (
     SELECT string_agg(int8send(uid << 8 | flags) || int8send(line.modseq), ''::bytea) AS packed,
       string_agg(uid || ' ' || line.keywords, E'\\n') FILTER (WHERE line.keywords <> '') AS words
     FROM (SELECT uid, message.modseq, flags, message.keywords FROM message
       WHERE message.mailbox = mailbox.id AND message.modseq > $2
       ORDER BY message.modseq, uid) AS line
   ) AS rows WHERE mailbox.id = $1 AND NOT no_select`,
)
// OFFSET 0: one look into the index for each uid, also by a plan that was made when the tables were small.
const fetched = statement(
  `SELECT found.*
   FROM mailbox LEFT JOIN (unnest($2::bigint[]) AS wanted (number) CROSS JOIN LATERAL (
     SELECT uid, modseq, flags, keywords, message.size, content, internal_date, prefix, structure
     FROM message JOIN record ON record.id = message.record
     WHERE message.mailbox = $1 AND uid = wanted.number OFFSET 0
   ) AS found) ON true
   WHERE mailbox.id = $1 AND NOT no_select ORDER BY uid`,
)
// Ids are ordered by their octets, and none has U+10FFFF.
const contents = statement('SELECT DISTINCT content FROM record WHERE content >= $1 AND content < $2')

interface Packed {
  readonly packed: Buffer | null
  readonly words: string | null
}

export interface OpenedMailbox {
  readonly mailbox: Mailbox
  readonly rows: readonly MessageRow[]
  readonly recent: readonly number[]
}

/** Throws `noMailbox`. */
export async function openMailbox(queries: Queries, id: MailboxId): Promise<OpenedMailbox> {
  const { state, ...messages } = await stateAndRows(queries, id)
  return { mailbox: mailboxOf(state), ...messages }
}

/** As `openMailbox`; what is \Recent is told for the last time. */
export async function claimRecent(queries: Queries, id: MailboxId): Promise<OpenedMailbox> {
  const [, { state, ...messages }] = await Promise.all([ownerOf(queries, id), stateAndRows(queries, id)])
  if (state.recentFrom !== state.uidNext) {
    await saveMailboxes(queries, [Object.assign(state, { recent: 0, recentFrom: state.uidNext })])
  }
  return { mailbox: mailboxOf(state), ...messages }
}

async function stateAndRows(
  queries: Queries,
  id: MailboxId,
): Promise<{ readonly state: MailboxRow; readonly rows: MessageRow[]; readonly recent: number[] }> {
  const [row] = await queries.rows<MailboxRow & Packed>(opened, [id])
  if (row === undefined) throw goneMailbox()
  const { packed: octets, words, ...state } = row
  const packed = unpacked({ packed: octets, words })
  const first = packed.uids.findLastIndex((uid) => uid < state.recentFrom) + 1
  return { state, rows: rowsOf(packed), recent: state.recent === 0 ? [] : [...packed.uids.subarray(first)] }
}

/** Throws `noMailbox`. */
export async function changesIn(queries: Queries, id: MailboxId, modseq: number): Promise<MailboxChanges> {
  type Row = Packed & { uidNext: number; modseq: number; forgotten: number; uids: Buffer | null }
  const [row] = await queries.rows<Row>(since, [id, modseq])
  if (row === undefined) throw goneMailbox()
  const uids = Uint32Array.from(numbersIn(row.uids))
  const vanished = modseq < row.forgotten ? missingUids(uids, row.uidNext) : uids
  return {
    highestModseq: row.modseq,
    uidNext: row.uidNext,
    changed: rowsOf(unpacked(row)),
    vanished: [...vanished],
  }
}

/** Throws `noMailbox`. */
export async function fetchMessages(
  queries: Queries,
  id: MailboxId,
  uids: Uint32Array,
): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = []
  let at = 0
  do {
    const rows = await queries.rows<FetchedRow>(fetched, [id, numbers(uids.subarray(at, at + fetchPortion))])
    if (rows.length === 0) throw goneMailbox()
    for (const row of rows) if (row.uid !== null) messages.push(messageOf(row))
    at += fetchPortion
  } while (at < uids.length)
  return messages
}

export async function contentsReferred(queries: Queries, prefix: string): Promise<ContentId[]> {
  const rows = await queries.rows<{ content: ContentId }>(contents, [prefix, `${prefix}\u{10ffff}`])
  return rows.map(({ content }) => content)
}

interface FetchedRow {
  readonly uid: number
  readonly modseq: number
  readonly flags: number
  readonly keywords: string
  readonly size: number
  readonly content: ContentId
  readonly internal_date: number
  readonly prefix: Buffer
  readonly structure: string
}

function messageOf(row: FetchedRow): StoredMessage {
  const { uid, modseq, size, content, prefix, structure } = row
  let index: MessageIndex | undefined
  return {
    uid,
    flags: formatFlags({ system: row.flags, keywords: splitKeywords(row.keywords) }),
    modseq,
    internalDate: row.internal_date,
    size,
    content,
    prefix,
    /** Parsed when it is first read: FETCH FLAGS and BODY[] need none of it. */
    get index() {
      return (index ??= JSON.parse(structure) as MessageIndex)
    },
  }
}

function unpacked({ packed, words }: Packed): PackedRows {
  const read = numbersIn(packed)
  const count = read.length / 2
  const [uids, modseqs, codes] = [new Uint32Array(count), new Float64Array(count), new Uint32Array(count)]
  const sets = new FlagSets()
  const keywords = keywordsByUid(words)
  for (let row = 0; row < count; row++) {
    const number = read[2 * row] ?? 0
    const uid = Math.floor(number / 256)
    uids[row] = uid
    modseqs[row] = read[2 * row + 1] ?? 0
    codes[row] = sets.codeOf(number % 256, keywords?.get(uid) ?? '')
  }
  return { uids, modseqs, codes, sets: sets.list }
}
