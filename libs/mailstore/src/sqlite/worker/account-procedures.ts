import type { MailboxRow } from '../../mailbox-row.ts'
import type { AccountId, AccountUsage } from '../../ports.ts'
import type { AccountTable } from './accounts.ts'
import type { MailboxTable } from './mailboxes.ts'
import { Refusal } from './refusal.ts'
import type { SubscriptionTable } from './subscriptions.ts'

export interface SubscribeArgument {
  readonly account: AccountId
  readonly name: string
  readonly limits: { readonly subscriptionsPerAccount: number }
}

/** What is known of an account: how much it holds, what it may hold, its mailboxes and subscriptions. */
export class AccountProcedures {
  readonly #accounts: AccountTable
  readonly #mailboxes: MailboxTable
  readonly #subscriptions: SubscriptionTable

  constructor(accounts: AccountTable, mailboxes: MailboxTable, subscriptions: SubscriptionTable) {
    this.#accounts = accounts
    this.#mailboxes = mailboxes
    this.#subscriptions = subscriptions
  }

  /** Throws Refusal `noMailbox`. */
  setQuota({ account, octets }: { account: AccountId; octets: number }): void {
    this.#accounts.setQuota(this.#accounts.existing(account), octets)
  }

  usage(account: AccountId): AccountUsage | undefined {
    const found = this.#accounts.find(account)
    return found && this.#accounts.usage(found)
  }

  mailboxes(account: AccountId): MailboxRow[] {
    const found = this.#accounts.find(account)
    return found ? this.#mailboxes.views(found) : []
  }

  mailbox({ account, name }: { account: AccountId; name: string }): MailboxRow | undefined {
    const owner = this.#accounts.find(account)
    const found = owner && this.#mailboxes.find(owner, name)
    return found && this.#mailboxes.view(found.id)
  }

  subscriptions(account: AccountId): string[] {
    const found = this.#accounts.find(account)
    return found ? this.#subscriptions.names(found) : []
  }

  /** Throws Refusal `noMailbox`, `limit`. */
  subscribe({ account, name, limits }: SubscribeArgument): void {
    const owner = this.#accounts.existing(account)
    this.#mailboxes.existing(owner, name)
    if (this.#subscriptions.has(owner, name)) return
    if (this.#subscriptions.count(owner) >= limits.subscriptionsPerAccount) {
      throw new Refusal('limit', 'too many subscriptions')
    }
    this.#subscriptions.add(owner, name)
  }

  /** Throws Refusal `noMailbox` (no such account). */
  unsubscribe({ account, name }: { account: AccountId; name: string }): void {
    this.#subscriptions.remove(this.#accounts.existing(account), name)
  }
}
