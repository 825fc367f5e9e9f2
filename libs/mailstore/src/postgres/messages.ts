import { type Queries, statement } from '@cartero/sql/postgres'

import { admitKeywords, seen } from '../flags.ts'
import { splitKeywords } from '../keywords.ts'
import type { MailStoreLimits } from '../limits.ts'
import type { MailboxState } from '../mailbox-row.ts'
import type { MailboxId } from '../ports.ts'
import { numberAt, numbers } from './columns.ts'

/** The narrow half of a message. */
export interface MessageLine {
  readonly uid: number
  readonly modseq: number
  readonly record: number
  readonly size: number
  readonly flags: number
  /** Separated by spaces. */
  readonly keywords: string
}

const lineOctets = 32
// Numbers of 64 bits without a separator: a row costs the event loop no object that it does not want.
const packed = `int8send(uid << 8 | flags) || int8send(modseq) || int8send(record) || int8send(size)`
const read = (rows: string) =>
  statement(
    `SELECT string_agg(${packed}, ''::bytea) AS packed,
       string_agg(uid || ' ' || keywords, E'\\n') FILTER (WHERE keywords <> '') AS keywords
     FROM (SELECT * FROM message WHERE mailbox = $1 AND ${rows} ORDER BY uid) AS line`,
  )
const some = read('uid = ANY($2::bigint[])')
const marked = read('uid = ANY($2::bigint[]) AND flags & 8 <> 0')
const allMarked = read('flags & 8 <> 0')
const all = read('true')
const keywordSets = statement(
  "SELECT DISTINCT mailbox, keywords FROM message WHERE mailbox = ANY($1::bigint[]) AND keywords <> ''",
)

interface PackedLines {
  readonly packed: Buffer | null
  readonly keywords: string | null
}

/** Lines by ascending uid; those that are gone are left out. */
export async function linesOf(
  queries: Queries,
  mailbox: MailboxId,
  uids?: Uint32Array,
): Promise<MessageLine[]> {
  const rows = uids
    ? await queries.rows<PackedLines>(some, [mailbox, numbers(uids)])
    : await queries.rows<PackedLines>(all, [mailbox])
  return unpacked(rows[0] as PackedLines)
}

/** Those that are marked \Deleted. */
export async function deletedLines(
  queries: Queries,
  mailbox: MailboxId,
  uids?: Uint32Array,
): Promise<MessageLine[]> {
  const rows = uids
    ? await queries.rows<PackedLines>(marked, [mailbox, numbers(uids)])
    : await queries.rows<PackedLines>(allMarked, [mailbox])
  return unpacked(rows[0] as PackedLines)
}

function unpacked({ packed: octets, keywords }: PackedLines): MessageLine[] {
  if (octets === null) return []
  const words = keywordsByUid(keywords)
  const lines: MessageLine[] = []
  for (let at = 0; at < octets.length; at += lineOctets) {
    const uid = Math.floor(numberAt(octets, at) / 256)
    lines.push({
      uid,
      modseq: numberAt(octets, at + 8),
      record: numberAt(octets, at + 16),
      size: numberAt(octets, at + 24),
      flags: octets[at + 7] ?? 0,
      keywords: words.get(uid) ?? '',
    })
  }
  return lines
}

/** Of lines `uid keyword keyword …`. */
export function keywordsByUid(text: string | null): ReadonlyMap<number, string> {
  if (text === null) return new Map()
  return new Map(
    text.split('\n').map((line) => {
      const space = line.indexOf(' ')
      return [Number(line.slice(0, space)), line.slice(space + 1)] as const
    }),
  )
}

/** Keywords that are in use, of the mailboxes that were asked about and of those that were just made; what is added is noted here too. */
export class KeywordUse {
  readonly #inUse = new Map<MailboxState, Set<string>>()

  /** To be called for mailboxes whose table may become full. */
  async read(queries: Queries, states: readonly MailboxState[]): Promise<void> {
    if (states.length === 0) return
    const ids = numbers(states.map(({ id }) => id))
    const rows = await queries.rows<{ mailbox: number; keywords: string }>(keywordSets, [ids])
    for (const state of states) {
      const own = rows.filter(({ mailbox }) => mailbox === state.id)
      this.#inUse.set(state, new Set(own.flatMap(({ keywords }) => splitKeywords(keywords))))
    }
  }

  /** Finds a place for a message's keywords; what finds none is dropped. The state has the new table. */
  admit(state: MailboxState, given: string, { keywordsPerMailbox }: MailStoreLimits): string {
    if (given === '') return given
    const inUse = this.of(state)
    const { table, keywords } = admitKeywords(
      splitKeywords(state.keywords),
      splitKeywords(given),
      keywordsPerMailbox,
      () => inUse,
    )
    state.keywords = table.join(' ')
    for (const keyword of keywords) inUse.add(keyword)
    return keywords.join(' ')
  }

  of(state: MailboxState): Set<string> {
    const known = this.#inUse.get(state) ?? new Set()
    this.#inUse.set(state, known)
    return known
  }
}

/** Whether the keywords given to a mailbox might fill its table. */
export function mayOverflow(state: MailboxState, given: Iterable<string>, limits: MailStoreLimits): boolean {
  const words = new Set(splitKeywords(state.keywords))
  for (const each of given) for (const word of splitKeywords(each)) words.add(word)
  return words.size > limits.keywordsPerMailbox
}

/** Counts a message that comes into a mailbox with the next uid; returns the uid. */
export function countIn(state: MailboxState, size: number, flags: number): number {
  state.messages++
  state.recent++
  state.size += size
  if (!(flags & seen)) state.unseen++
  return state.uidNext++
}

/** Counts messages that leave a mailbox, and are remembered as expunged. */
export function countOut(state: MailboxState, lines: readonly MessageLine[]): void {
  for (const { uid, size, flags } of lines) {
    state.messages--
    state.size -= size
    if (!(flags & seen)) state.unseen--
    if (uid >= state.recentFrom) state.recent--
    state.remembered++
  }
}
