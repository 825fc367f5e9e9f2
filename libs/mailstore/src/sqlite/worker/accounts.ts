import type { Database } from '@cartero/sql/procedures'

import type { AccountId, AccountUsage } from '../../ports.ts'
import { Refusal } from './refusal.ts'

export interface AccountRow {
  readonly id: number
  readonly name: AccountId
  readonly quota: number
}

/** Rows of `account`. A removed account keeps its row, and with it its last UIDVALIDITY and its idempotency keys. */
export class AccountTable {
  readonly #find
  readonly #revive
  readonly #retire
  readonly #setQuota
  readonly #usage
  readonly #nextUidValidity

  constructor(database: Database) {
    this.#find = database.prepare('SELECT id, name, quota FROM account WHERE name = ? AND active = 1')
    this.#revive = database.prepare(
      'INSERT INTO account (name, active) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET active = 1',
    )
    this.#retire = database.prepare('UPDATE account SET active = 0, quota = 0 WHERE id = ?')
    this.#setQuota = database.prepare('UPDATE account SET quota = ? WHERE id = ?')
    this.#usage = database.prepare(
      'SELECT COALESCE(SUM(size), 0) AS octets, COALESCE(SUM(messages), 0) AS messages FROM mailbox WHERE account = ?',
    )
    this.#nextUidValidity = database.prepare(
      'UPDATE account SET last_uid_validity = MAX(last_uid_validity + 1, ?) WHERE id = ? RETURNING last_uid_validity',
    )
  }

  find(name: AccountId): AccountRow | undefined {
    return this.#find.get(name) as unknown as AccountRow | undefined
  }

  /** Throws Refusal `noMailbox`. */
  existing(name: AccountId): AccountRow {
    const found = this.find(name)
    if (found === undefined) throw new Refusal('noMailbox', `there is no account ${name}`)
    return found
  }

  provide(name: AccountId): AccountRow {
    this.#revive.run(name)
    return this.existing(name)
  }

  retire(account: AccountRow): void {
    this.#retire.run(account.id)
  }

  setQuota(account: AccountRow, octets: number): void {
    this.#setQuota.run(octets, account.id)
  }

  usage(account: AccountRow): AccountUsage {
    const { octets, messages } = this.#usage.get(account.id) as { octets: number; messages: number }
    return { octets, messages, quota: account.quota }
  }

  /** Ascending for ever within an account, and close to the time (RFC 9051 §2.3.1.1). */
  nextUidValidity(account: AccountRow, now: number): number {
    const row = this.#nextUidValidity.get(Math.floor(now / 1000), account.id)
    return Number(row?.['last_uid_validity'])
  }
}
