import { type Queries, type Statement, statement } from '@cartero/sql/postgres'

import { admitKeywords, seen } from '../flags.ts'
import { splitKeywords } from '../keywords.ts'
import type { MailStoreLimits } from '../limits.ts'
import type { MailboxState } from '../mailbox-row.ts'
import type { MailboxId } from '../ports.ts'
import { numbers, numbersIn } from './columns.ts'

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

// Numbers of 64 bits without a separator: a row costs the event loop no object that it does not want.
const read = (lines: string) =>
  statement(
    `SELECT string_agg(int8send(uid << 8 | flags) || int8send(modseq) || int8send(record) || int8send(size), ''::bytea)
         AS packed,
       string_agg(uid || ' ' || keywords, E'\\n') FILTER (WHERE keywords <> '') AS keywords
     FROM (${lines} ORDER BY uid) AS line`,
  )
// OFFSET 0: one look into the index for each uid, also by a plan that was made when the table was small.
const some = `SELECT found.* FROM unnest($2::bigint[]) AS wanted (number) CROSS JOIN LATERAL (
  SELECT * FROM message WHERE mailbox = $1 AND uid = wanted.number OFFSET 0) AS found`
const all = 'SELECT * FROM message WHERE mailbox = $1'
const readSome = read(some)
const readAll = read(all)
const readSomeDeleted = read(`${some} WHERE flags & 8 <> 0`)
const readDeleted = read(`${all} AND flags & 8 <> 0`)
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
  return linesBy(queries, uids ? readSome : readAll, mailbox, uids)
}

/** Those that are marked \Deleted. */
export async function deletedLines(
  queries: Queries,
  mailbox: MailboxId,
  uids?: Uint32Array,
): Promise<MessageLine[]> {
  return linesBy(queries, uids ? readSomeDeleted : readDeleted, mailbox, uids)
}

async function linesBy(
  queries: Queries,
  asked: Statement,
  mailbox: MailboxId,
  uids?: Uint32Array,
): Promise<MessageLine[]> {
  const [found] = await queries.rows<PackedLines>(asked, uids ? [mailbox, numbers(uids)] : [mailbox])
  const columns = numbersIn(found?.packed ?? null)
  const words = keywordsByUid(found?.keywords ?? null)
  return Array.from({ length: columns.length / 4 }, (_, row) => {
    const [number = 0, modseq = 0, record = 0, size = 0] = columns.subarray(4 * row, 4 * row + 4)
    const uid = Math.floor(number / 256)
    return { uid, modseq, record, size, flags: number % 256, keywords: words?.get(uid) ?? '' }
  })
}

/** Of lines `uid keyword keyword …`; undefined when nothing has keywords. */
export function keywordsByUid(text: string | null): ReadonlyMap<number, string> | undefined {
  if (text === null) return undefined
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
