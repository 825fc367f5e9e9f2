import type { Database } from '@cartero/sql/procedures'

import type { MailboxId } from '../../ports.ts'
import type { MessageLine } from './messages.ts'
import { prepareArrays, readRows } from './statements.ts'

/** The wide half of a message, as a row of `record`: what `fetch` reads. It never changes. */
export type RecordLine = readonly [
  content: string,
  internalDate: number,
  prefix: Uint8Array,
  /** JSON in UTF-8: octets, because they need no room in the worker's small heap. */
  structure: Uint8Array,
]

/** Rows of `record`. Each belongs to exactly one message. */
export class RecordTable {
  readonly #insert
  readonly #copy
  readonly #delete
  readonly #dropAll
  readonly #get
  readonly #range
  readonly #referenced

  constructor(database: Database) {
    const lines = `SELECT uid, modseq, flags, keywords, message.size, record, content, internal_date, prefix, structure
      FROM message JOIN record ON record.id = message.record WHERE mailbox = ?`
    this.#insert = database.prepare(
      'INSERT INTO record (content, internal_date, size, prefix, structure) VALUES (?, ?, ?, ?, ?)',
    )
    this.#copy = database.prepare(`INSERT INTO record (content, internal_date, size, prefix, structure)
      SELECT content, internal_date, size, prefix, structure FROM record WHERE id = ?`)
    this.#delete = database.prepare('DELETE FROM record WHERE id = ?')
    this.#dropAll = database.prepare(
      'DELETE FROM record WHERE id IN (SELECT record FROM message WHERE mailbox = ?)',
    )
    this.#get = prepareArrays(database, `${lines} AND uid = ?`)
    this.#range = prepareArrays(database, `${lines} AND uid BETWEEN ? AND ? ORDER BY uid`)
    this.#referenced = prepareArrays(
      database,
      'SELECT DISTINCT content FROM record WHERE content >= ? AND content < ?',
    )
  }

  insert(record: RecordLine, size: number): number {
    const [content, internalDate, prefix, structure] = record
    return Number(this.#insert.run(content, internalDate, size, prefix, structure).lastInsertRowid)
  }

  copy(record: number): number {
    return Number(this.#copy.run(record).lastInsertRowid)
  }

  delete(record: number): void {
    this.#delete.run(record)
  }

  dropAll(mailbox: MailboxId): void {
    this.#dropAll.run(mailbox)
  }

  /** Messages with their records, by ascending uid; those that are gone are left out. */
  lines(mailbox: MailboxId, uids: Uint32Array): (readonly [...MessageLine, ...RecordLine])[] {
    return readRows(this.#get, this.#range, mailbox, uids) as never
  }

  /** Contents whose id starts with `prefix`, each once. Ids are ordered by their octets, and none has U+10FFFF. */
  referenced(prefix: string): string[] {
    const rows = this.#referenced.all(prefix, `${prefix}\u{10ffff}`) as unknown as [string][]
    return rows.map(([content]) => content)
  }
}
