import type { Database } from '@cartero/sql/procedures'

import { seen } from '../../flags.ts'
import type { MailboxState } from '../../mailbox-row.ts'
import type { MailboxId } from '../../ports.ts'
import { ExpungeTable } from './expunges.ts'
import { RecordTable } from './records.ts'
import { numbersOf, portionsOf, prepareArrays, readRows } from './statements.ts'

/** The narrow half of a message, as a row of `message`: what `open` scans. */
export type MessageLine = readonly [
  uid: number,
  modseq: number,
  flags: number,
  keywords: string,
  size: number,
  record: number,
]

/** Columns of rows in one order, as text: numbers separated by a space, keywords of a message by a line feed. */
export interface MessageColumns {
  readonly count: number
  readonly uids: string
  readonly modseqs: string
  readonly flags: string
  readonly keywords: string
}

/** Rows of `message`. The mailbox's state is changed along, and saved by the caller. */
export class MessageTable {
  readonly records: RecordTable
  readonly expunges: ExpungeTable
  readonly #insert
  readonly #get
  readonly #range
  readonly #columns
  readonly #columnsSince
  readonly #deleted
  readonly #setFlags
  readonly #delete
  readonly #dropAll
  readonly #keywordSets

  constructor(database: Database) {
    this.records = new RecordTable(database)
    this.expunges = new ExpungeTable(database)
    const arrays = (sql: string) => prepareArrays(database, sql)
    const lines = 'SELECT uid, modseq, flags, keywords, size, record FROM message WHERE mailbox = ?'
    this.#insert = database.prepare(
      'INSERT INTO message (mailbox, uid, modseq, flags, keywords, size, record) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#get = arrays(`${lines} AND uid = ?`)
    this.#range = arrays(`${lines} AND uid BETWEEN ? AND ? ORDER BY uid`)
    const columns = (rows: string) =>
      arrays(`SELECT COUNT(*), group_concat(uid, ' '), group_concat(modseq, ' '), group_concat(flags, ' '),
        group_concat(keywords, char(10)) FROM (SELECT uid, modseq, flags, keywords FROM message WHERE ${rows})`)
    this.#columns = columns('mailbox = ? ORDER BY uid')
    this.#columnsSince = columns('mailbox = ? AND modseq > ? ORDER BY modseq, uid')
    this.#deleted = arrays(`SELECT COUNT(*), group_concat(uid, ' ')
      FROM (SELECT uid FROM message WHERE mailbox = ? AND flags & 8 ORDER BY uid)`)
    this.#keywordSets = arrays("SELECT DISTINCT keywords FROM message WHERE mailbox = ? AND keywords <> ''")
    this.#setFlags = database.prepare(
      'UPDATE message SET flags = ?, keywords = ?, modseq = ? WHERE mailbox = ? AND uid = ?',
    )
    this.#delete = database.prepare('DELETE FROM message WHERE mailbox = ? AND uid = ?')
    this.#dropAll = database.prepare('DELETE FROM message WHERE mailbox = ?')
  }

  /** Lines of ascending uids, in portions; those that are gone are left out. Lines already read may change meanwhile. */
  *portions(mailbox: MailboxId, uids: Uint32Array): Iterable<MessageLine[]> {
    for (const portion of portionsOf(uids)) {
      const lines = readRows(this.#get, this.#range, mailbox, portion) as unknown as MessageLine[]
      if (lines.length > 0) yield lines
    }
  }

  /** All of a mailbox by ascending uid. */
  columns(mailbox: MailboxId): MessageColumns {
    return columnsOf(this.#columns.get(mailbox))
  }

  /** Changed or new after `modseq`, in its order. */
  columnsSince(mailbox: MailboxId, modseq: number): MessageColumns {
    return columnsOf(this.#columnsSince.get(mailbox, modseq))
  }

  uids(mailbox: MailboxId): Uint32Array {
    const { count, uids } = this.columns(mailbox)
    return numbersOf(uids, new Uint32Array(count))
  }

  /** Those that are marked \Deleted. */
  deletedUids(mailbox: MailboxId): Uint32Array {
    const [count, uids] = this.#deleted.get(mailbox) as unknown as [number, string | null]
    return numbersOf(uids ?? '', new Uint32Array(count))
  }

  /** Adds a message with the next uid and the mailbox's modseq. */
  add(state: MailboxState, flags: number, keywords: string, size: number, record: number): number {
    const uid = state.uidNext++
    this.#insert.run(state.id, uid, state.modseq, flags, keywords, size, record)
    state.messages++
    state.recent++
    state.size += size
    if (!(flags & seen)) state.unseen++
    return uid
  }

  setFlags(state: MailboxState, line: MessageLine, flags: number, keywords: string): void {
    const [uid, , before] = line
    this.#setFlags.run(flags, keywords, state.modseq, state.id, uid)
    // `seen` is 1: the difference is the change of the count.
    state.unseen += (before & seen) - (flags & seen)
  }

  /**
   * Removes lines of this mailbox, and their records too unless these have a new owner. The modseq was moved before;
   * `expunges.forget` comes after the last.
   */
  remove(state: MailboxState, lines: readonly MessageLine[], records: 'drop' | 'keep'): void {
    for (const [uid, , flags, , size, record] of lines) {
      this.#delete.run(state.id, uid)
      if (records === 'drop') this.records.delete(record)
      this.expunges.add(state, uid)
      state.messages--
      state.size -= size
      if (!(flags & seen)) state.unseen--
      if (uid >= state.recentFrom) state.recent--
    }
  }

  keywordsInUse(mailbox: MailboxId): Set<string> {
    const sets = this.#keywordSets.all(mailbox) as unknown as [string][]
    return new Set(sets.flatMap(([keywords]) => keywords.split(' ')))
  }

  dropAll(mailbox: MailboxId): void {
    this.records.dropAll(mailbox)
    this.#dropAll.run(mailbox)
    this.expunges.dropAll(mailbox)
  }
}

function columnsOf(row: unknown): MessageColumns {
  const [count, uids, modseqs, flags, keywords] = row as [number, ...(string | null)[]]
  return { count, uids: uids ?? '', modseqs: modseqs ?? '', flags: flags ?? '', keywords: keywords ?? '' }
}
