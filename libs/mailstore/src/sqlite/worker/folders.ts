import { inbox, isBelow, parseMailboxName, provisioned } from '../../mailbox-name.ts'
import type { MailStoreLimits } from '../../limits.ts'
import type { MailboxRow, MailboxState } from '../../mailbox-row.ts'
import type { AccountId, MailboxId, SpecialUse } from '../../ports.ts'
import type { AccountTable } from './accounts.ts'
import { moveMessages } from './copy.ts'
import type { MailboxTable, Making } from './mailboxes.ts'
import type { MessageTable } from './messages.ts'
import { Refusal } from './refusal.ts'
import type { SubscriptionTable } from './subscriptions.ts'

/** Who asks, when, and within which limits. */
export interface Asking {
  readonly account: AccountId
  readonly now: number
  readonly limits: MailStoreLimits
}

/** What a change of the list touched. */
export interface ListChange {
  readonly mailbox?: MailboxRow
  /** Mailboxes that came, were renamed, or went. */
  readonly listed: readonly MailboxId[]
  /** Mailboxes whose messages changed. */
  readonly changed: readonly MailboxId[]
}

/** CREATE, DELETE, RENAME, and what they start from. Names are spelled as `parseMailboxName` does, and '' when they are not allowed. */
export class FolderProcedures {
  readonly #accounts: AccountTable
  readonly #mailboxes: MailboxTable
  readonly #messages: MessageTable
  readonly #subscriptions: SubscriptionTable

  constructor(
    accounts: AccountTable,
    mailboxes: MailboxTable,
    messages: MessageTable,
    subscriptions: SubscriptionTable,
  ) {
    this.#accounts = accounts
    this.#mailboxes = mailboxes
    this.#messages = messages
    this.#subscriptions = subscriptions
  }

  provision(asking: Asking): ListChange {
    const account = this.#accounts.find(asking.account) ?? this.#accounts.provide(asking.account)
    const making = { account, now: asking.now, mailboxesPerAccount: asking.limits.mailboxesPerAccount }
    const wanted = provisioned.filter(([, specialUse]) => !this.#mailboxes.hasUse(account, specialUse))
    const listed = this.#provide(making, inbox, null)
    for (const [name, specialUse] of wanted) listed.push(...this.#provide(making, name, specialUse))
    return { listed, changed: [] }
  }

  removeAccount(name: AccountId): ListChange {
    const account = this.#accounts.find(name)
    if (account === undefined) return { listed: [], changed: [] }
    const listed = this.#mailboxes.views(account).map(({ id }) => id)
    for (const id of listed) this.#mailboxes.drop(id)
    this.#subscriptions.drop(account)
    this.#accounts.retire(account)
    return { listed, changed: [] }
  }

  /** Throws Refusal `exists`, `notAllowed`, `limit`, `noMailbox`. */
  create({
    name,
    specialUse,
    ...asking
  }: Asking & { name: string; specialUse: SpecialUse | null }): ListChange {
    const making = this.#making(asking)
    if (name === '') throw new Refusal('notAllowed', 'the name is not allowed')
    if (this.#mailboxes.selectable(making.account, name)) throw new Refusal('exists', `${name} exists`)
    if (specialUse !== null && this.#mailboxes.hasUse(making.account, specialUse)) {
      throw new Refusal('notAllowed', `another mailbox is ${specialUse}`)
    }
    const listed = this.#mailboxes.make(making, name, specialUse)
    return { mailbox: this.#mailboxes.view(listed.at(-1) as MailboxId), listed, changed: [] }
  }

  /** Throws Refusal `noMailbox`, `notAllowed`. */
  delete({ name, ...asking }: Asking & { name: string }): ListChange {
    const making = this.#making(asking)
    const found = this.#mailboxes.existing(making.account, name)
    const hasChildren = this.#mailboxes.below(making.account, name).length > 0
    if (name === inbox || (found.noSelect && hasChildren)) {
      throw new Refusal('notAllowed', `${name} cannot be deleted`)
    }
    this.#mailboxes.drop(found.id)
    if (hasChildren) this.#mailboxes.makeNoSelect(making, name)
    return { listed: [found.id], changed: [] }
  }

  /** Throws Refusal `noMailbox`, `exists`, `notAllowed`, `limit`. */
  rename({ from, to, ...asking }: Asking & { from: string; to: string }): ListChange {
    const making = this.#making(asking)
    const source = this.#mailboxes.existing(making.account, from)
    if (to === '') throw new Refusal('notAllowed', 'the name is not allowed')
    if (this.#mailboxes.find(making.account, to)) throw new Refusal('exists', `${to} exists`)
    if (from === inbox) return this.#emptyInbox(making, source, to, asking.limits)
    if (isBelow(to, from)) throw new Refusal('notAllowed', `${to} is below ${from}`)
    return this.#renameTree(making, source, to, asking.limits)
  }

  #renameTree(making: Making, source: MailboxState, to: string, limits: MailStoreLimits): ListChange {
    const moved = [source, ...this.#mailboxes.below(making.account, source.name)]
    const names = moved.map(({ name }) => to + name.slice(source.name.length))
    if (names.some((name) => parseMailboxName(name, limits) === undefined)) {
      throw new Refusal('notAllowed', 'the name of a child would not be allowed')
    }
    // RFC 9051 §2.3.1.1 deviation: a renamed mailbox keeps its UIDVALIDITY, also onto a name that had a greater one before;
    // it is never the same one, and a client that was offline keeps what it knows of the mailbox.
    const made = this.#mailboxes.makeParents(making, to)
    for (const [at, { id }] of moved.entries()) this.#mailboxes.rename(id, names[at] as string)
    return { listed: [...made, ...moved.map(({ id }) => id)], changed: [] }
  }

  /** RFC 9051 §6.3.6: INBOX stays, its messages go. */
  #emptyInbox(making: Making, source: MailboxState, to: string, limits: MailStoreLimits): ListChange {
    const listed = this.#mailboxes.make(making, to)
    const target = this.#mailboxes.selected(listed.at(-1) as MailboxId)
    const uids = this.#messages.uids(source.id)
    moveMessages(this.#messages, { source, target, uids, limits })
    this.#mailboxes.save(target)
    this.#mailboxes.save(source)
    return { listed, changed: uids.length > 0 ? [source.id] : [] }
  }

  #provide(making: Making, name: string, specialUse: SpecialUse | null): MailboxId[] {
    if (this.#mailboxes.selectable(making.account, name)) return []
    this.#subscriptions.add(making.account, name)
    return this.#mailboxes.make(making, name, specialUse)
  }

  #making({ account, now, limits }: Asking): Making {
    return { account: this.#accounts.existing(account), now, mailboxesPerAccount: limits.mailboxesPerAccount }
  }
}
