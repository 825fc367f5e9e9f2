import type { AccountId, MailboxId } from '../ports.ts'

/** Mailboxes whose account is remembered: those that sessions have open, many times over. */
const REMEMBERED = 100_000

/** Whose a mailbox is, which never changes, so that a call for a mailbox finds its place among those for its account. */
export class KnownMailboxes {
  readonly #accounts = new Map<MailboxId, AccountId>()
  readonly #limit: number

  constructor(limit: number = REMEMBERED) {
    this.#limit = limit
  }

  note(id: MailboxId, account: AccountId): void {
    // What was noted last goes last.
    this.#accounts.delete(id)
    this.#accounts.set(id, account)
    if (this.#accounts.size <= this.#limit) return
    for (const oldest of this.#accounts.keys()) return void this.#accounts.delete(oldest)
  }

  accountOf(id: MailboxId): AccountId | undefined {
    return this.#accounts.get(id)
  }
}
