import type { Database } from '@cartero/sql/procedures'

import type { AccountRow } from './accounts.ts'

/** Rows of `subscription`: names, whether there is a mailbox or not (RFC 9051 §6.3.7). */
export class SubscriptionTable {
  readonly #names
  readonly #count
  readonly #has
  readonly #add
  readonly #remove
  readonly #drop

  constructor(database: Database) {
    this.#names = database.prepare('SELECT name FROM subscription WHERE account = ?')
    this.#count = database.prepare('SELECT COUNT(*) AS count FROM subscription WHERE account = ?')
    this.#has = database.prepare('SELECT 1 FROM subscription WHERE account = ? AND name = ?')
    this.#add = database.prepare('INSERT OR IGNORE INTO subscription (account, name) VALUES (?, ?)')
    this.#remove = database.prepare('DELETE FROM subscription WHERE account = ? AND name = ?')
    this.#drop = database.prepare('DELETE FROM subscription WHERE account = ?')
  }

  names(account: AccountRow): string[] {
    return this.#names.all(account.id).map(({ name }) => String(name))
  }

  count(account: AccountRow): number {
    return Number(this.#count.get(account.id)?.['count'])
  }

  has(account: AccountRow, name: string): boolean {
    return this.#has.get(account.id, name) !== undefined
  }

  add(account: AccountRow, name: string): void {
    this.#add.run(account.id, name)
  }

  remove(account: AccountRow, name: string): void {
    this.#remove.run(account.id, name)
  }

  drop(account: AccountRow): void {
    this.#drop.run(account.id)
  }
}
