import type { ContentId } from '@cartero/content'
import type { SqlStore } from '@cartero/sql'

import { storeFault } from '../faults.ts'
import { parseFlags } from '../flags.ts'
import type { MailStoreLimits } from '../limits.ts'
import { compareNames, parseMailboxName } from '../mailbox-name.ts'
import { mailboxOf } from '../mailbox-row.ts'
import { NewsDesk } from '../news.ts'
import { rowsOf } from '../packed-rows.ts'
import {
  MailStoreError,
  type AccountId,
  type AccountUsage,
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
  type StoredMessage,
} from '../ports.ts'
import { ascendingUids } from '../uids.ts'
import { messagesOf } from './rows.ts'
import type { AppendLine } from './worker/append.ts'
import type { CopyAnswer } from './worker/copy.ts'
import type { Asking, ListChange } from './worker/folders.ts'
import type { MailStoreProcedures } from './worker/procedures.ts'
import type { Answer } from './worker/refusal.ts'

type Procedures = MailStoreProcedures
/** What a procedure answers when it is not a refusal. */
type Done<R> = R extends { readonly done: infer D } ? D : never

/** The event loop's side: spells names and flags, calls the procedures, and tells the watchers. */
export class SqliteMailStore implements MailStore {
  readonly #sql: SqlStore<Procedures>
  readonly #clock: { now(): number }
  readonly #limits: MailStoreLimits
  readonly #news = new NewsDesk()
  #closed = false

  constructor(sql: SqlStore<Procedures>, clock: { now(): number }, limits: MailStoreLimits) {
    this.#sql = sql
    this.#clock = clock
    this.#limits = limits
  }

  async provision(account: AccountId): Promise<void> {
    this.#tellList(account, await this.#ask('provision', this.#asking(account)))
  }

  async removeAccount(account: AccountId): Promise<void> {
    this.#tellList(account, await this.#call('removeAccount', account))
  }

  async setQuota(account: AccountId, octets: number): Promise<void> {
    await this.#ask('setQuota', { account, octets })
  }

  async usage(account: AccountId): Promise<AccountUsage | undefined> {
    return this.#call('usage', account)
  }

  async append(
    messages: readonly NewMessage[],
    options: { readonly allOrNothing?: boolean } = {},
  ): Promise<readonly AppendOutcome[]> {
    const { outcomes, made } = await this.#call('append', {
      ...this.#lines(messages),
      allOrNothing: options.allOrNothing ?? false,
      now: this.#clock.now(),
      limits: this.#limits,
    })
    for (const [account, mailbox] of made) this.#news.tell(account, mailbox, 'list')
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.kind === 'appended')
        this.#news.tell(messages[at]?.account ?? '', outcome.mailbox, 'messages')
    }
    return outcomes
  }

  async mailboxes(account: AccountId): Promise<readonly Mailbox[]> {
    const rows = await this.#call('mailboxes', account)
    return rows.map(mailboxOf).toSorted((a, b) => compareNames(a.name, b.name))
  }

  async mailbox(account: AccountId, name: string): Promise<Mailbox | undefined> {
    const row = await this.#call('mailbox', { account, name: this.#spelled(name) })
    return row && mailboxOf(row)
  }

  async createMailbox(account: AccountId, name: string, specialUse?: SpecialUse): Promise<Mailbox> {
    const asking = { ...this.#asking(account), name: this.#spelled(name), specialUse: specialUse ?? null }
    const change = await this.#ask('create', asking)
    this.#tellList(account, change)
    return mailboxOf(change.mailbox as NonNullable<ListChange['mailbox']>)
  }

  async deleteMailbox(account: AccountId, name: string): Promise<void> {
    this.#tellList(
      account,
      await this.#ask('delete', { ...this.#asking(account), name: this.#spelled(name) }),
    )
  }

  async renameMailbox(account: AccountId, from: string, to: string): Promise<void> {
    const names = { from: this.#spelled(from), to: this.#spelled(to) }
    this.#tellList(account, await this.#ask('rename', { ...this.#asking(account), ...names }))
  }

  async subscribe(account: AccountId, name: string, subscribed: boolean): Promise<void> {
    const asking = { ...this.#asking(account), name: this.#spelled(name) }
    await this.#ask(subscribed ? 'subscribe' : 'unsubscribe', asking)
  }

  async subscriptions(account: AccountId): Promise<readonly string[]> {
    return (await this.#call('subscriptions', account)).toSorted()
  }

  async open(mailbox: MailboxId, options: { readonly claimRecent?: boolean } = {}) {
    const opened = await this.#ask('open', { mailbox, claimRecent: options.claimRecent ?? false })
    const recent = Array.from(opened.rows.uids.subarray(opened.firstRecent))
    return { mailbox: mailboxOf(opened.mailbox), rows: rowsOf(opened.rows), recent }
  }

  async fetch(mailbox: MailboxId, uids: readonly number[]) {
    const messages: StoredMessage[] = []
    let rest = this.#ascending(uids)
    do {
      const packed = await this.#ask('fetch', { mailbox, uids: rest })
      messages.push(...messagesOf(packed))
      rest = rest.subarray(packed.taken)
    } while (rest.length > 0)
    return messages
  }

  async changeFlags(
    mailbox: MailboxId,
    uids: readonly number[],
    change: FlagChange,
    flags: readonly Flag[],
    options: { readonly unchangedSince?: number } = {},
  ) {
    const { system, keywords } = parseFlags(flags, this.#limits.keywordOctets)
    const answer = await this.#ask('changeFlags', {
      mailbox,
      uids: this.#ascending(uids),
      change,
      flags: system,
      keywords: keywords.join(' '),
      unchangedSince: options.unchangedSince ?? Infinity,
      limits: this.#limits,
    })
    if (answer.moved) this.#news.tell(answer.owner, mailbox, 'messages')
    return { changed: answer.changed.flatMap(rowsOf), refused: [...answer.refused] }
  }

  async expunge(mailbox: MailboxId, uids?: readonly number[]) {
    const argument = { mailbox, uids: uids && this.#ascending(uids), limits: this.#limits }
    const { owner, vanished, modseq } = await this.#ask('expunge', argument)
    if (vanished.length > 0) this.#news.tell(owner, mailbox, 'messages')
    return { vanished: [...vanished], modseq }
  }

  async copy(
    from: MailboxId,
    uids: readonly number[],
    account: AccountId,
    to: string,
  ): Promise<CopiedMessages> {
    return this.#copied(account, await this.#ask('copy', this.#copying(from, uids, account, to)), 1)
  }

  async move(
    from: MailboxId,
    uids: readonly number[],
    account: AccountId,
    to: string,
  ): Promise<CopiedMessages> {
    return this.#copied(account, await this.#ask('move', this.#copying(from, uids, account, to)), 2)
  }

  async changesSince(mailbox: MailboxId, modseq: number) {
    const { highestModseq, uidNext, changed, vanished } = await this.#ask('changesSince', { mailbox, modseq })
    return { highestModseq, uidNext, changed: rowsOf(changed), vanished: [...vanished] }
  }

  watch(account: AccountId, listener: (news: MailboxNews) => void, signal: AbortSignal): void {
    this.#news.watch(account, listener, signal)
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    return (await this.#call('referenced', prefix)) as ContentId[]
  }

  /** What is wrong with the data, in sentences for the operator; nothing when it is sound. Reads everything. */
  async check(): Promise<readonly string[]> {
    return this.#call('check', undefined)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#sql.close()
  }

  #lines(messages: readonly NewMessage[]): { lines: AppendLine[]; octets: Uint8Array } {
    const structures = messages.map(({ index }) => JSON.stringify(index))
    let end = 0
    const lines = messages.map((message, at): AppendLine => {
      const { account, create = false, content, size, idempotencyKey = null } = message
      const { system, keywords } = parseFlags(message.flags, this.#limits.keywordOctets)
      const name = this.#spelled(message.mailbox)
      const middle = end + message.prefix.length
      end = middle + Buffer.byteLength(structures[at] ?? '')
      const date = Math.trunc(message.internalDate)
      return [
        account,
        name,
        create,
        content,
        middle,
        end,
        size,
        system,
        keywords.join(' '),
        date,
        idempotencyKey,
      ]
    })
    // Of its own: a piece of the pool would be copied once more on its way.
    const octets = Buffer.allocUnsafeSlow(end)
    for (const [at, { prefix }] of messages.entries()) {
      octets.set(prefix, lines[at - 1]?.[5] ?? 0)
      octets.write(structures[at] ?? '', lines[at]?.[4] ?? 0)
    }
    return { lines, octets }
  }

  #copying(from: MailboxId, uids: readonly number[], account: AccountId, to: string) {
    return { from, uids: this.#ascending(uids), account, to: this.#spelled(to), limits: this.#limits }
  }

  /** @param touched how many of the mailboxes changed: a copy leaves the source as it is. */
  #copied(account: AccountId, answer: CopyAnswer, touched: 1 | 2): CopiedMessages {
    const { uidValidity, sources, targets, changed } = answer
    for (const mailbox of changed.slice(0, touched)) this.#news.tell(account, mailbox, 'messages')
    return { uidValidity, pairs: Array.from(sources, (uid, at) => [uid, targets[at] ?? 0] as const) }
  }

  #tellList(account: AccountId, { listed, changed }: ListChange): void {
    for (const mailbox of listed) this.#news.tell(account, mailbox, 'list')
    for (const mailbox of changed) this.#news.tell(account, mailbox, 'messages')
  }

  #asking(account: AccountId): Asking {
    return { account, now: this.#clock.now(), limits: this.#limits }
  }

  /** '' is no mailbox's name. */
  #spelled(name: string): string {
    return parseMailboxName(name, this.#limits) ?? ''
  }

  #ascending(uids: readonly number[]): Uint32Array {
    return ascendingUids(uids, this.#limits.lastUid)
  }

  /** Calls a procedure that may refuse. */
  async #ask<K extends keyof Procedures>(
    name: K,
    argument: Parameters<Procedures[K]>[0],
  ): Promise<Done<ReturnType<Procedures[K]>>> {
    const answer = (await this.#call(name, argument)) as Answer<Done<ReturnType<Procedures[K]>>>
    if ('refused' in answer) throw new MailStoreError(answer.refused, answer.message)
    return answer.done
  }

  async #call<K extends keyof Procedures>(
    name: K,
    argument: Parameters<Procedures[K]>[0],
  ): Promise<ReturnType<Procedures[K]>> {
    if (this.#closed) throw new MailStoreError('unavailable', 'the mailstore is closed')
    try {
      return await this.#sql.call(name, ...([argument] as unknown as Parameters<Procedures[K]>))
    } catch (error) {
      throw storeFault(error)
    }
  }
}
