import type { ContentId } from '@cartero/content'

import { inbox, isBelow, parseMailboxName, provisioned } from '../mailbox-name.ts'
import { defaultLimits, type MailStoreLimits } from '../limits.ts'
import { NewsDesk } from '../news.ts'
import {
  MailStoreError,
  type AccountId,
  type AppendOutcome,
  type CopiedMessages,
  type Flag,
  type FlagChange,
  type Mailbox,
  type MailboxId,
  type MailboxNews,
  type MailStore,
  type NewMessage,
  type SpecialUse,
} from '../ports.ts'
import { MemoryAccount } from './account.ts'
import { Appender } from './append.ts'
import type { MemoryMailbox } from './mailbox.ts'

export interface MemoryMailStoreOptions {
  readonly clock?: { now(): number }
  readonly limits?: Partial<MailStoreLimits>
}

/** A mailstore for tests and trials: the port's semantics, nothing durable. */
export class MemoryMailStore implements MailStore {
  readonly #clock: { now(): number }
  readonly #limits: MailStoreLimits
  readonly #accounts = new Map<AccountId, MemoryAccount>()
  readonly #mailboxes = new Map<MailboxId, MemoryMailbox>()
  /** Outlives the account, so that a mailbox made anew is never mistaken for its predecessor. */
  readonly #lastUidValidity = new Map<AccountId, number>()
  readonly #appender: Appender
  readonly #news = new NewsDesk()
  #lastId = 0
  #closed = false

  constructor(options: MemoryMailStoreOptions = {}) {
    this.#clock = options.clock ?? Date
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#appender = new Appender(this.#limits, this.#clock)
  }

  async provision(account: AccountId): Promise<void> {
    this.#open()
    const owner = this.#accounts.get(account) ?? this.#account(account)
    this.#accounts.set(account, owner)
    this.#provide(owner, inbox)
    for (const [name, specialUse] of provisioned) {
      if (owner.using(specialUse) === undefined) this.#provide(owner, name, specialUse)
    }
  }

  async removeAccount(account: AccountId): Promise<void> {
    this.#open()
    const gone = this.#accounts.get(account)?.mailboxes ?? []
    this.#accounts.delete(account)
    for (const { identity } of gone) {
      this.#mailboxes.delete(identity.id)
      this.#news.tell(account, identity.id, 'list')
    }
  }

  async setQuota(account: AccountId, octets: number): Promise<void> {
    this.#owner(account).quota = octets
  }

  async usage(account: AccountId) {
    this.#open()
    return this.#accounts.get(account)?.usage()
  }

  async append(
    messages: readonly NewMessage[],
    options: { readonly allOrNothing?: boolean } = {},
  ): Promise<readonly AppendOutcome[]> {
    this.#open()
    const accounts = this.#accounts
    const { outcomes, made } = options.allOrNothing
      ? this.#appender.allOrNothing(messages, accounts)
      : this.#appender.each(messages, accounts)
    this.#register(made)
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.kind === 'appended')
        this.#news.tell(messages[at]?.account ?? '', outcome.mailbox, 'messages')
    }
    return outcomes
  }

  async mailboxes(account: AccountId): Promise<readonly Mailbox[]> {
    this.#open()
    const owner = this.#accounts.get(account)
    return owner?.mailboxes.map((mailbox) => view(owner, mailbox)) ?? []
  }

  async mailbox(account: AccountId, name: string): Promise<Mailbox | undefined> {
    this.#open()
    const owner = this.#accounts.get(account)
    const found = owner?.find(this.#spelled(name))
    return owner && found && view(owner, found)
  }

  async createMailbox(account: AccountId, name: string, specialUse?: SpecialUse): Promise<Mailbox> {
    const owner = this.#owner(account)
    const made = owner.create(this.#allowed(name), specialUse)
    this.#register(made)
    return view(owner, made.at(-1) as MemoryMailbox)
  }

  async deleteMailbox(account: AccountId, name: string): Promise<void> {
    const owner = this.#owner(account)
    const gone = owner.delete(this.#spelled(name) ?? name)
    this.#mailboxes.delete(gone.identity.id)
    const left = owner.find(gone.name)
    if (left) this.#register([left])
    this.#news.tell(account, gone.identity.id, 'list')
  }

  async renameMailbox(account: AccountId, from: string, to: string): Promise<void> {
    const owner = this.#owner(account)
    const source = this.#existing(owner, from)
    const target = this.#allowed(to)
    if (owner.find(target)) throw new MailStoreError('exists', `${target} exists`)
    if (source.name === inbox) return this.#emptyInbox(owner, source, target)
    if (isBelow(target, source.name))
      throw new MailStoreError('notAllowed', `${target} is below ${source.name}`)
    const names = owner.renamed(source.name, target)
    for (const name of names.values()) this.#allowed(name)
    this.#makeParents(owner, target)
    owner.rename(names)
    for (const { identity } of names.keys()) this.#news.tell(account, identity.id, 'list')
  }

  async subscribe(account: AccountId, name: string, subscribed: boolean): Promise<void> {
    const { subscriptions } = this.#owner(account)
    const spelled = this.#spelled(name)
    if (!subscribed) return void subscriptions.delete(spelled ?? name)
    const { name: existing } = this.#existing(this.#owner(account), name)
    if (!subscriptions.has(existing) && subscriptions.size >= this.#limits.subscriptionsPerAccount) {
      throw new MailStoreError('limit', 'too many subscriptions')
    }
    subscriptions.add(existing)
  }

  async subscriptions(account: AccountId): Promise<readonly string[]> {
    this.#open()
    return [...(this.#accounts.get(account)?.subscriptions ?? [])].toSorted()
  }

  async open(mailbox: MailboxId, options: { readonly claimRecent?: boolean } = {}) {
    const opened = this.#selected(mailbox)
    const recent = opened.recent(options.claimRecent ?? false)
    return { mailbox: view(this.#owner(opened.identity.account), opened), rows: opened.rows(), recent }
  }

  async fetch(mailbox: MailboxId, uids: readonly number[]) {
    return this.#selected(mailbox).fetch(uids)
  }

  async changeFlags(
    mailbox: MailboxId,
    uids: readonly number[],
    change: FlagChange,
    flags: readonly Flag[],
    options: { readonly unchangedSince?: number } = {},
  ) {
    const selected = this.#selected(mailbox)
    const since = options.unchangedSince ?? Infinity
    const { moved, changed, refused } = selected.changeFlags(uids, change, flags, since)
    if (moved) this.#touched(selected)
    return { changed, refused }
  }

  async expunge(mailbox: MailboxId, uids?: readonly number[]) {
    const selected = this.#selected(mailbox)
    const vanished = selected.expunge(uids)
    if (vanished.length > 0) this.#touched(selected)
    return { vanished, modseq: selected.modseq }
  }

  async copy(
    from: MailboxId,
    uids: readonly number[],
    account: AccountId,
    to: string,
  ): Promise<CopiedMessages> {
    const { source, target } = this.#both(from, account, to, uids)
    if (!this.#owner(account).hasRoomFor(source.octetsOf(uids))) {
      throw new MailStoreError('overQuota', 'the account has no room for the copies')
    }
    return this.#copied(source, target, uids)
  }

  async move(
    from: MailboxId,
    uids: readonly number[],
    account: AccountId,
    to: string,
  ): Promise<CopiedMessages> {
    const { source, target } = this.#both(from, account, to, uids)
    const copied = this.#copied(source, target, uids)
    if (source.remove(copied.pairs.map(([uid]) => uid)).length > 0) this.#touched(source)
    return copied
  }

  async changesSince(mailbox: MailboxId, modseq: number) {
    return this.#selected(mailbox).changesSince(modseq)
  }

  watch(account: AccountId, listener: (news: MailboxNews) => void, signal: AbortSignal): void {
    this.#news.watch(account, listener, signal)
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    this.#open()
    const contents = [...this.#mailboxes.values()].flatMap((mailbox) => [...mailbox.contents()])
    return new Set(contents.filter((content) => content.startsWith(prefix)))
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** RFC 9051 §6.3.6: INBOX stays, its messages go. */
  #emptyInbox(owner: MemoryAccount, source: MemoryMailbox, name: string): void {
    const made = owner.create(name)
    this.#register(made)
    const target = made.at(-1) as MemoryMailbox
    const { uids } = source
    target.copyFrom(source, uids)
    if (source.remove(uids).length > 0) this.#touched(source)
  }

  #makeParents(owner: MemoryAccount, name: string): void {
    const missing = owner.missing(name).filter((each) => each !== name)
    if (!owner.hasPlaceFor(missing.length)) throw new MailStoreError('limit', 'too many mailboxes')
    for (const parent of missing) this.#register(owner.create(parent))
  }

  #copied(source: MemoryMailbox, target: MemoryMailbox, uids: readonly number[]): CopiedMessages {
    const pairs = target.copyFrom(source, uids)
    if (pairs.length > 0) this.#touched(target)
    return { uidValidity: target.identity.uidValidity, pairs }
  }

  #both(from: MailboxId, account: AccountId, to: string, uids: readonly number[]) {
    const source = this.#selected(from)
    const target = this.#accounts.get(account)?.selectable(this.#spelled(to))
    if (source.identity.account !== account || target === undefined) {
      throw new MailStoreError('noMailbox', `there is no ${to}`)
    }
    if (target.room < source.countOf(uids)) throw new MailStoreError('overQuota', `${to} has no uids left`)
    return { source, target }
  }

  #provide(owner: MemoryAccount, name: string, specialUse?: SpecialUse): void {
    if (owner.selectable(name)) return
    this.#register(owner.create(name, specialUse))
    owner.subscriptions.add(name)
  }

  #account(id: AccountId): MemoryAccount {
    const nextUidValidity = () => {
      const last = this.#lastUidValidity.get(id) ?? 0
      const next = Math.max(Math.floor(this.#clock.now() / 1000), last + 1)
      this.#lastUidValidity.set(id, next)
      return next
    }
    return new MemoryAccount(id, this.#limits, () => ++this.#lastId, nextUidValidity)
  }

  #register(made: readonly MemoryMailbox[]): void {
    for (const mailbox of made) {
      this.#mailboxes.set(mailbox.identity.id, mailbox)
      this.#news.tell(mailbox.identity.account, mailbox.identity.id, 'list')
    }
  }

  #touched({ identity }: MemoryMailbox): void {
    this.#news.tell(identity.account, identity.id, 'messages')
  }

  #selected(id: MailboxId): MemoryMailbox {
    this.#open()
    const found = this.#mailboxes.get(id)
    if (found === undefined || found.identity.noSelect) throw new MailStoreError('noMailbox', 'it is gone')
    return found
  }

  #owner(account: AccountId): MemoryAccount {
    this.#open()
    const owner = this.#accounts.get(account)
    if (owner === undefined) throw new MailStoreError('noMailbox', `there is no account ${account}`)
    return owner
  }

  #existing(owner: MemoryAccount, name: string): MemoryMailbox {
    const found = owner.find(this.#spelled(name))
    if (found === undefined) throw new MailStoreError('noMailbox', `there is no ${name}`)
    return found
  }

  #spelled(name: string): string | undefined {
    return parseMailboxName(name, this.#limits)
  }

  #allowed(name: string): string {
    const spelled = this.#spelled(name)
    if (spelled === undefined) throw new MailStoreError('notAllowed', 'the name is not allowed')
    return spelled
  }

  #open(): void {
    if (this.#closed) throw new MailStoreError('unavailable', 'the mailstore is closed')
  }
}

function view(owner: MemoryAccount, mailbox: MemoryMailbox): Mailbox {
  return mailbox.view(owner.subscriptions.has(mailbox.name))
}
