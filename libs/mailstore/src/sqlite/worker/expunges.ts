import type { Database } from '@cartero/sql/procedures'

import type { MailboxState } from '../../mailbox-row.ts'
import type { MailboxId } from '../../ports.ts'
import { prepareArrays } from './statements.ts'

/** Rows of `expunge`: uids that vanished, as far back as they are remembered. */
export class ExpungeTable {
  readonly #insert
  readonly #since
  readonly #oldest
  readonly #delete
  readonly #dropAll

  constructor(database: Database) {
    this.#insert = database.prepare('INSERT INTO expunge (mailbox, modseq, uid) VALUES (?, ?, ?)')
    this.#since = prepareArrays(
      database,
      'SELECT uid FROM expunge WHERE mailbox = ? AND modseq > ? ORDER BY modseq, uid',
    )
    this.#oldest = prepareArrays(
      database,
      'SELECT modseq, uid FROM expunge WHERE mailbox = ? ORDER BY modseq, uid LIMIT ?',
    )
    this.#delete = database.prepare('DELETE FROM expunge WHERE mailbox = ? AND modseq = ? AND uid = ?')
    this.#dropAll = database.prepare('DELETE FROM expunge WHERE mailbox = ?')
  }

  add(state: MailboxState, uid: number): void {
    this.#insert.run(state.id, state.modseq, uid)
    state.remembered++
  }

  /** Vanished after `modseq`, in its order. */
  since(mailbox: MailboxId, modseq: number): number[] {
    return (this.#since.all(mailbox, modseq) as unknown as [number][]).map(([uid]) => uid)
  }

  /** Keeps the latest `remember`. */
  forget(state: MailboxState, remember: number): void {
    const excess = state.remembered - remember
    if (excess <= 0) return
    for (const [modseq, uid] of this.#oldest.all(state.id, excess) as unknown as [number, number][]) {
      this.#delete.run(state.id, modseq, uid)
      state.forgotten = modseq
    }
    state.remembered -= excess
  }

  dropAll(mailbox: MailboxId): void {
    this.#dropAll.run(mailbox)
  }
}
