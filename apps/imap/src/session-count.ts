import { refusals } from '@cartero/imap/server'
import type { AccountId } from '@cartero/mailstore'

/** Sessions of each account, so that one account cannot have them all. */
export class SessionCount {
  readonly #limit: number
  readonly #open = new Map<AccountId, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** One more. Throws ImapRefusal LIMIT when there are enough. */
  enter(account: AccountId): void {
    const open = this.#open.get(account) ?? 0
    if (open >= this.#limit) throw refusals.limit('Too many connections of this account')
    this.#open.set(account, open + 1)
  }

  leave(account: AccountId): void {
    const open = (this.#open.get(account) ?? 1) - 1
    if (open === 0) this.#open.delete(account)
    else this.#open.set(account, open)
  }
}
