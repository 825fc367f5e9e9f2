import type { Database } from '@cartero/sql/procedures'

import { seen } from '../../flags.ts'
import type { MailboxId } from '../../ports.ts'
import type { MailboxState } from './mailboxes.ts'

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

/** The wide half, as a row of `record`: what `fetch` reads. It never changes. */
export type RecordLine = readonly [
  content: string,
  internalDate: number,
  prefix: Uint8Array,
  structure: string,
]

/** Uids are read by a range scan when at least this part of the range is wanted. */
const denseShare = 0.5

/** Rows of `message`, `record` and `expunge`. The mailbox's state is changed along, and saved by the caller. */
export class MessageTable {
  readonly #insertRecord
  readonly #insert
  readonly #get
  readonly #range
  readonly #columns
  readonly #keywordColumn
  readonly #wideGet
  readonly #wideRange
  readonly #since
  readonly #expungedSince
  readonly #setFlags
  readonly #delete
  readonly #deleteRecord
  readonly #copyRecord
  readonly #insertExpunge
  readonly #oldestExpunges
  readonly #forget
  readonly #keywordSets
  readonly #dropRecords
  readonly #dropMessages
  readonly #dropExpunges
  readonly #referenced

  constructor(database: Database) {
    const line = 'uid, modseq, flags, keywords, message.size, record'
    const wide = `${line}, content, internal_date, prefix, structure FROM message JOIN record ON record.id = message.record`
    const arrays = (sql: string) => {
      const statement = database.prepare(sql)
      statement.setReturnArrays(true)
      return statement
    }
    this.#insertRecord = database.prepare(
      'INSERT INTO record (content, internal_date, size, prefix, structure) VALUES (?, ?, ?, ?, ?)',
    )
    this.#insert = database.prepare(
      'INSERT INTO message (mailbox, uid, modseq, flags, keywords, size, record) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#get = arrays(`SELECT ${line} FROM message WHERE mailbox = ? AND uid = ?`)
    this.#range = arrays(`SELECT ${line} FROM message WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid`)
    this.#columns = arrays(`SELECT group_concat(uid, ' '), group_concat(modseq, ' '), group_concat(flags, ' ')
      FROM (SELECT uid, modseq, flags FROM message WHERE mailbox = ? ORDER BY uid)`)
    this.#keywordColumn = arrays(`SELECT group_concat(keywords, char(10))
      FROM (SELECT keywords FROM message WHERE mailbox = ? ORDER BY uid)`)
    this.#wideGet = arrays(`SELECT ${wide} WHERE mailbox = ? AND uid = ?`)
    this.#wideRange = arrays(`SELECT ${wide} WHERE mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid`)
    this.#since = arrays(`SELECT ${line} FROM message WHERE mailbox = ? AND modseq > ? ORDER BY modseq, uid`)
    this.#expungedSince = arrays(
      'SELECT uid FROM expunge WHERE mailbox = ? AND modseq > ? ORDER BY modseq, uid',
    )
    this.#setFlags = database.prepare(
      'UPDATE message SET flags = ?, keywords = ?, modseq = ? WHERE mailbox = ? AND uid = ?',
    )
    this.#delete = database.prepare('DELETE FROM message WHERE mailbox = ? AND uid = ?')
    this.#deleteRecord = database.prepare('DELETE FROM record WHERE id = ?')
    this.#copyRecord = database.prepare(`INSERT INTO record (content, internal_date, size, prefix, structure)
      SELECT content, internal_date, size, prefix, structure FROM record WHERE id = ?`)
    this.#insertExpunge = database.prepare('INSERT INTO expunge (mailbox, modseq, uid) VALUES (?, ?, ?)')
    this.#oldestExpunges = arrays(
      'SELECT modseq, uid FROM expunge WHERE mailbox = ? ORDER BY modseq, uid LIMIT ?',
    )
    this.#forget = database.prepare('DELETE FROM expunge WHERE mailbox = ? AND modseq = ? AND uid = ?')
    this.#keywordSets = arrays("SELECT DISTINCT keywords FROM message WHERE mailbox = ? AND keywords <> ''")
    this.#dropRecords = database.prepare(
      'DELETE FROM record WHERE id IN (SELECT record FROM message WHERE mailbox = ?)',
    )
    this.#dropMessages = database.prepare('DELETE FROM message WHERE mailbox = ?')
    this.#dropExpunges = database.prepare('DELETE FROM expunge WHERE mailbox = ?')
    this.#referenced = arrays('SELECT DISTINCT content FROM record WHERE content >= ? AND content < ?')
  }

  /** Lines of ascending uids; all when `uids` is absent; those that are gone are left out. */
  lines(mailbox: MailboxId, uids?: Uint32Array): MessageLine[] {
    return read(this.#get, this.#range, mailbox, uids) as unknown as MessageLine[]
  }

  /** All of a mailbox, each column by ascending uid as one text. */
  columns({ id, keywords: table }: MailboxState): MessageColumns {
    const [uids, modseqs, flags] = this.#columns.get(id) as unknown as (string | null)[]
    const [keywords] = table === '' ? [] : (this.#keywordColumn.get(id) as unknown as (string | null)[])
    return { uids: uids ?? '', modseqs: modseqs ?? '', flags: flags ?? '', keywords: keywords ?? '' }
  }

  /** As `lines`, with the record after each line. */
  wideLines(mailbox: MailboxId, uids: Uint32Array): (readonly [...MessageLine, ...RecordLine])[] {
    return read(this.#wideGet, this.#wideRange, mailbox, uids) as never
  }

  /** Changed or new after `modseq`, in its order. */
  linesSince(mailbox: MailboxId, modseq: number): MessageLine[] {
    return this.#since.all(mailbox, modseq) as unknown as MessageLine[]
  }

  expungedSince(mailbox: MailboxId, modseq: number): number[] {
    return (this.#expungedSince.all(mailbox, modseq) as unknown as [number][]).map(([uid]) => uid)
  }

  insertRecord(
    content: string,
    internalDate: number,
    size: number,
    prefix: Uint8Array,
    structure: string,
  ): number {
    return Number(this.#insertRecord.run(content, internalDate, size, prefix, structure).lastInsertRowid)
  }

  copyRecord(record: number): number {
    return Number(this.#copyRecord.run(record).lastInsertRowid)
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
      if (records === 'drop') this.#deleteRecord.run(record)
      this.#insertExpunge.run(state.id, state.modseq, uid)
      state.messages--
      state.size -= size
      if (!(flags & seen)) state.unseen--
      if (uid >= state.recentFrom) state.recent--
    }
    state.remembered += lines.length
    this.#forgetOldest(state, state.remembered - remember)
  }

  keywordsInUse(mailbox: MailboxId): Set<string> {
    const sets = this.#keywordSets.all(mailbox) as unknown as [string][]
    return new Set(sets.flatMap(([keywords]) => keywords.split(' ')))
  }

  dropAll(mailbox: MailboxId): void {
    this.#dropRecords.run(mailbox)
    this.#dropMessages.run(mailbox)
    this.#dropExpunges.run(mailbox)
  }

  /** Contents whose id starts with `prefix`, each once. Ids are ordered by their octets, and none begins with U+10FFFF. */
  referenced(prefix: string): string[] {
    return (this.#referenced.all(prefix, `${prefix}\u{10ffff}`) as unknown as [string][]).map(
      ([content]) => content,
    )
  }

  #forgetOldest(state: MailboxState, excess: number): void {
    if (excess <= 0) return
    for (const [modseq, uid] of this.#oldestExpunges.all(state.id, excess) as unknown as [number, number][]) {
      this.#forget.run(state.id, modseq, uid)
      state.forgotten = modseq
    }
    state.remembered -= excess
  }
}

type ArrayStatement = ReturnType<Database['prepare']>

function read(one: ArrayStatement, range: ArrayStatement, mailbox: MailboxId, uids?: Uint32Array): unknown[] {
  if (uids === undefined) return range.all(mailbox, 1, 0xffff_ffff)
  const [first, last] = [uids[0], uids.at(-1)]
  if (first === undefined || last === undefined) return []
  if (uids.length < (last - first + 1) * denseShare) {
    return [...uids].map((uid) => one.get(mailbox, uid)).filter((line) => line !== undefined)
  }
  const lines = range.all(mailbox, first, last) as unknown as MessageLine[]
  if (uids.length === last - first + 1) return lines
  const wanted = new Set(uids)
  return lines.filter(([uid]) => wanted.has(uid))
}
