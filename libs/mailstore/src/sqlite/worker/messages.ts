import type { Database } from '@cartero/sql/procedures'

import { seen } from '../../flags.ts'
import type { MailboxId } from '../../ports.ts'
import { ExpungeTable } from './expunges.ts'
import type { MailboxState } from './mailboxes.ts'
import { RecordTable } from './records.ts'
import { prepareArrays, readRows } from './statements.ts'

/** The narrow half of a message, as a row of `message`: what `open` scans. */
export type MessageLine = readonly [
  uid: number,
  modseq: number,
  flags: number,
  keywords: string,
  size: number,
  record: number,
]

/** Numbers separated by a space, keywords of a message by a line feed. */
export interface MessageColumns {
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
  readonly #keywordColumn
  readonly #since
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
    this.#since = arrays(`${lines} AND modseq > ? ORDER BY modseq, uid`)
    this.#columns = arrays(`SELECT group_concat(uid, ' '), group_concat(modseq, ' '), group_concat(flags, ' ')
      FROM (SELECT uid, modseq, flags FROM message WHERE mailbox = ? ORDER BY uid)`)
    this.#keywordColumn = arrays(`SELECT group_concat(keywords, char(10))
      FROM (SELECT keywords FROM message WHERE mailbox = ? ORDER BY uid)`)
    this.#keywordSets = arrays("SELECT DISTINCT keywords FROM message WHERE mailbox = ? AND keywords <> ''")
    this.#setFlags = database.prepare(
      'UPDATE message SET flags = ?, keywords = ?, modseq = ? WHERE mailbox = ? AND uid = ?',
    )
    this.#delete = database.prepare('DELETE FROM message WHERE mailbox = ? AND uid = ?')
    this.#dropAll = database.prepare('DELETE FROM message WHERE mailbox = ?')
  }

  /** Lines of ascending uids; all when `uids` is absent; those that are gone are left out. */
  lines(mailbox: MailboxId, uids?: Uint32Array): MessageLine[] {
    return readRows(this.#get, this.#range, mailbox, uids) as unknown as MessageLine[]
  }

  /** Changed or new after `modseq`, in its order. */
  linesSince(mailbox: MailboxId, modseq: number): MessageLine[] {
    return this.#since.all(mailbox, modseq) as unknown as MessageLine[]
  }

  /** All of a mailbox, each column by ascending uid as one text. */
  columns({ id, keywords: table }: MailboxState): MessageColumns {
    const [uids, modseqs, flags] = this.#columns.get(id) as unknown as (string | null)[]
    const [keywords] = table === '' ? [] : (this.#keywordColumn.get(id) as unknown as (string | null)[])
    return { uids: uids ?? '', modseqs: modseqs ?? '', flags: flags ?? '', keywords: keywords ?? '' }
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

  /** Removes lines of this mailbox, and their records too unless these have a new owner. Moves the modseq once. */
  remove(
    state: MailboxState,
    lines: readonly MessageLine[],
    records: 'drop' | 'keep',
    remember: number,
  ): void {
    if (lines.length === 0) return
    state.modseq++
    for (const [uid, , flags, , size, record] of lines) {
      this.#delete.run(state.id, uid)
      if (records === 'drop') this.records.delete(record)
      this.expunges.add(state, uid)
      state.messages--
      state.size -= size
      if (!(flags & seen)) state.unseen--
      if (uid >= state.recentFrom) state.recent--
    }
    this.expunges.forget(state, remember)
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
