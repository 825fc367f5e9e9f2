import type { NewsBoard } from '@cartero/bus'
import type { ContentId } from '@cartero/content'
import type { Postgres, Queries } from '@cartero/sql/postgres'
import type { Clock } from '@cartero/wire'

import { storeFault } from '../faults.ts'
import { parseFlags } from '../flags.ts'
import type { MailStoreLimits } from '../limits.ts'
import { compareNames, parseMailboxName } from '../mailbox-name.ts'
import { mailboxOf, type MailboxRow } from '../mailbox-row.ts'
import {
  MailStoreError,
  type AccountId,
  type AccountUsage,
  type AppendOutcome,
  type CopiedMessages,
  type Flag,
  type FlagChange,
  type Mailbox,
  type MailboxChanges,
  type MailboxId,
  type MailboxNews,
  type MailStore,
  type NewMessage,
  type SpecialUse,
  type StoredMessage,
} from '../ports.ts'
import { ascendingUids } from '../uids.ts'
import { changeQuota, usageOf } from './accounts.ts'
import { AppendTransaction, type AppendAnswer } from './append.ts'
import { appendLineOf } from './append-lines.ts'
import { AppendQueue } from './append-queue.ts'
import { CATCH_UP_INTERVAL, CatchUp } from './catch-up.ts'
import { checkMailstore } from './check.ts'
import { copyMessages, moveMessages, type CopyAnswer } from './copies.ts'
import { changeFlags, expungeMarked } from './flag-changes.ts'
import { create, provision, remove, removeAccount, rename, type Asking, type ListChange } from './folders.ts'
import { KeyPruning } from './key-pruning.ts'
import { KnownMailboxes } from './known-mailboxes.ts'
import { Lanes } from './lanes.ts'
import { accountOfMailbox, viewOf, viewsOf } from './mailboxes.ts'
import { SharedNews } from './news.ts'
import {
  changesIn,
  claimRecent,
  contentsReferred,
  fetchMessages,
  openMailbox,
  type OpenedMailbox,
} from './reading.ts'
import { subscribe, subscriptionsOf } from './subscriptions.ts'

/** What the store needs of a clock: the time of day, and to be called back. */
export type StoreClock = Pick<Clock, 'now' | 'after'>

export interface PostgresMailStoreParts {
  readonly database: Postgres
  readonly news: NewsBoard
  readonly clock: StoreClock
  readonly limits: MailStoreLimits
}

/** Mail in Postgres, for any number of processes at once: orders the calls of this one, and tells the watchers of all. */
export class PostgresMailStore implements MailStore {
  readonly #database: Postgres
  readonly #clock: StoreClock
  readonly #limits: MailStoreLimits
  readonly #news: SharedNews
  readonly #lanes = new Lanes()
  readonly #known = new KnownMailboxes()
  readonly #appends: AppendQueue
  readonly #pruning: KeyPruning
  readonly #catchUp: CatchUp
  readonly #underWay = new Set<Promise<unknown>>()
  #nextLook: (() => void) | undefined
  #closed = false

  constructor({ database, news, clock, limits }: PostgresMailStoreParts) {
    this.#database = database
    this.#clock = clock
    this.#limits = limits
    this.#news = new SharedNews(news)
    this.#appends = new AppendQueue(this.#lanes, (calls) =>
      database.transaction((queries) => new AppendTransaction(queries, limits, clock.now()).run(calls)),
    )
    this.#pruning = new KeyPruning(database, limits.keyLifetime)
    this.#catchUp = new CatchUp(database, this.#news)
    this.#lookLater()
  }

  async provision(account: AccountId): Promise<void> {
    this.#told(account, await this.#write(account, (queries) => provision(queries, this.#asking(account))))
  }

  async removeAccount(account: AccountId): Promise<void> {
    this.#told(account, await this.#write(account, (queries) => removeAccount(queries, account)))
  }

  async setQuota(account: AccountId, octets: number): Promise<void> {
    await this.#write(account, async (queries) => {
      if (await changeQuota(queries, account, octets)) return
      throw new MailStoreError('noMailbox', `there is no account ${account}`)
    })
  }

  async usage(account: AccountId): Promise<AccountUsage | undefined> {
    return this.#read(account, (queries) => usageOf(queries, account))
  }

  async append(
    messages: readonly NewMessage[],
    options: { readonly allOrNothing?: boolean } = {},
  ): Promise<readonly AppendOutcome[]> {
    const { allOrNothing = false } = options
    const lines = messages.map((message) => appendLineOf(message, this.#limits))
    const answer = await this.#call(() =>
      lines.length === 0 ? NOTHING_APPENDED : this.#appends.append({ lines, allOrNothing }),
    )
    this.#tellAppended(messages, answer)
    // Housekeeping: whoever appended does not wait for it, and what it could not do is done another time.
    void this.#pruning.after(lines.length, this.#clock.now()).catch(() => undefined)
    return answer.outcomes
  }

  async mailboxes(account: AccountId): Promise<readonly Mailbox[]> {
    const rows = await this.#read(account, (queries) => viewsOf(queries, account))
    return rows.map((row) => this.#view(row)).toSorted((a, b) => compareNames(a.name, b.name))
  }

  async mailbox(account: AccountId, name: string): Promise<Mailbox | undefined> {
    const row = await this.#read(account, (queries) => viewOf(queries, account, this.#spelled(name)))
    return row && this.#view(row)
  }

  async createMailbox(account: AccountId, name: string, specialUse?: SpecialUse): Promise<Mailbox> {
    const wanted = { name: this.#spelled(name), specialUse: specialUse ?? null }
    const { view, ...change } = await this.#write(account, async (queries) => ({
      ...(await create(queries, this.#asking(account), wanted)),
      view: (await viewOf(queries, account, wanted.name)) as MailboxRow,
    }))
    this.#told(account, change)
    return this.#view(view)
  }

  async deleteMailbox(account: AccountId, name: string): Promise<void> {
    const spelled = this.#spelled(name)
    this.#told(
      account,
      await this.#write(account, (queries) => remove(queries, this.#asking(account), spelled)),
    )
  }

  async renameMailbox(account: AccountId, from: string, to: string): Promise<void> {
    const names = { from: this.#spelled(from), to: this.#spelled(to) }
    this.#told(
      account,
      await this.#write(account, (queries) => rename(queries, this.#asking(account), names)),
    )
  }

  async subscribe(account: AccountId, name: string, subscribed: boolean): Promise<void> {
    const wanted = { name: this.#spelled(name), subscribed }
    await this.#write(account, (queries) => subscribe(queries, this.#asking(account), wanted))
  }

  async subscriptions(account: AccountId): Promise<readonly string[]> {
    return (await this.#read(account, (queries) => subscriptionsOf(queries, account))).toSorted()
  }

  async open(mailbox: MailboxId, options: { readonly claimRecent?: boolean } = {}): Promise<OpenedMailbox> {
    return options.claimRecent
      ? this.#writeIn(mailbox, (queries) => claimRecent(queries, mailbox))
      : this.#readIn(mailbox, (queries) => openMailbox(queries, mailbox))
  }

  async fetch(mailbox: MailboxId, uids: readonly number[]): Promise<readonly StoredMessage[]> {
    return this.#readIn(mailbox, (queries) => fetchMessages(queries, mailbox, this.#ascending(uids)))
  }

  async changeFlags(
    mailbox: MailboxId,
    uids: readonly number[],
    change: FlagChange,
    flags: readonly Flag[],
    options: { readonly unchangedSince?: number } = {},
  ) {
    const given = parseFlags(flags, this.#limits.keywordOctets)
    const { unchangedSince = Infinity } = options
    const asked = { mailbox, uids: this.#ascending(uids), change, given, unchangedSince }
    const answer = await this.#writeIn(mailbox, (queries) => changeFlags(queries, asked, this.#limits))
    if (answer.moved) this.#told(answer.account, { listed: [], changed: [mailbox] })
    return { changed: answer.changed, refused: answer.refused }
  }

  async expunge(mailbox: MailboxId, uids?: readonly number[]) {
    const asked = { mailbox, uids: uids && this.#ascending(uids) }
    const { account, vanished, modseq } = await this.#writeIn(mailbox, (queries) =>
      expungeMarked(queries, asked, this.#limits),
    )
    if (vanished.length > 0) this.#told(account, { listed: [], changed: [mailbox] })
    return { vanished, modseq }
  }

  async copy(
    from: MailboxId,
    uids: readonly number[],
    account: AccountId,
    to: string,
  ): Promise<CopiedMessages> {
    const asked = { from, uids: this.#ascending(uids), account, to: this.#spelled(to) }
    const answer = await this.#write(account, (queries) => copyMessages(queries, asked, this.#limits))
    return this.#copied(account, answer, 1)
  }

  async move(
    from: MailboxId,
    uids: readonly number[],
    account: AccountId,
    to: string,
  ): Promise<CopiedMessages> {
    const asked = { from, uids: this.#ascending(uids), account, to: this.#spelled(to) }
    const answer = await this.#write(account, (queries) => moveMessages(queries, asked, this.#limits))
    return this.#copied(account, answer, 2)
  }

  async changesSince(mailbox: MailboxId, modseq: number): Promise<MailboxChanges> {
    return this.#readIn(mailbox, (queries) => changesIn(queries, mailbox, modseq))
  }

  watch(account: AccountId, listener: (news: MailboxNews) => void, signal: AbortSignal): void {
    this.#news.watch(account, listener, signal)
  }

  async referenced(prefix: string): Promise<Iterable<ContentId>> {
    return this.#call(() => contentsReferred(this.#database, prefix))
  }

  /** What is wrong with the data, in sentences for the operator; nothing when it is sound. Reads everything. */
  async check(): Promise<readonly string[]> {
    return this.#call(() => checkMailstore(this.#database))
  }

  /** Waits for the calls made so far. The database is closed by whoever made it. */
  async close(): Promise<void> {
    this.#closed = true
    this.#nextLook?.()
    this.#news.close()
    await Promise.allSettled(this.#underWay)
  }

  #tellAppended(messages: readonly NewMessage[], { outcomes, made }: AppendAnswer): void {
    const news: MailboxNews[] = made.map(([account, mailbox]) => ({ account, mailbox, kind: 'list' }))
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.kind !== 'appended') continue
      const { account } = messages[at] as NewMessage
      this.#known.note(outcome.mailbox, account)
      news.push({ account, mailbox: outcome.mailbox, kind: 'messages' })
    }
    this.#news.tell(news)
  }

  /** @param touched how many of the mailboxes changed: a copy leaves the source as it is. */
  #copied(account: AccountId, { uidValidity, pairs, changed }: CopyAnswer, touched: 1 | 2): CopiedMessages {
    this.#told(account, { listed: [], changed: changed.slice(0, touched) })
    return { uidValidity, pairs }
  }

  #told(account: AccountId, { listed, changed }: ListChange): void {
    const news = [
      ...listed.map((mailbox) => ({ account, mailbox, kind: 'list' as const })),
      ...changed.map((mailbox) => ({ account, mailbox, kind: 'messages' as const })),
    ]
    if (news.length > 0) this.#news.tell(news)
  }

  #view(row: MailboxRow): Mailbox {
    this.#known.note(row.id, row.owner)
    return mailboxOf(row)
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

  #read<T>(account: AccountId, act: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#call(() => this.#lanes.read(account, () => act(this.#database)))
  }

  #write<T>(account: AccountId, act: (queries: Queries) => Promise<T>): Promise<T> {
    return this.#call(() => this.#lanes.write(account, () => this.#database.transaction(act)))
  }

  #readIn<T>(mailbox: MailboxId, act: (queries: Queries) => Promise<T>): Promise<T> {
    const account = this.#known.accountOf(mailbox)
    return account === undefined
      ? this.#call(async () => this.#read(await this.#lookUp(mailbox), act))
      : this.#read(account, act)
  }

  #writeIn<T>(mailbox: MailboxId, act: (queries: Queries) => Promise<T>): Promise<T> {
    const account = this.#known.accountOf(mailbox)
    return account === undefined
      ? this.#call(async () => this.#write(await this.#lookUp(mailbox), act))
      : this.#write(account, act)
  }

  /** Of a mailbox that was not told of in this process, or very long ago. */
  async #lookUp(mailbox: MailboxId): Promise<AccountId> {
    const account = await accountOfMailbox(this.#database, mailbox)
    this.#known.note(mailbox, account)
    return account
  }

  async #call<T>(act: () => Promise<T> | T): Promise<T> {
    if (this.#closed) throw new MailStoreError('unavailable', 'the mailstore is closed')
    const result = Promise.resolve(act())
    this.#underWay.add(result)
    try {
      return await result
    } catch (error) {
      throw storeFault(error)
    } finally {
      this.#underWay.delete(result)
    }
  }

  #lookLater(): void {
    this.#nextLook = this.#clock.after(CATCH_UP_INTERVAL, () => void this.#look())
  }

  /** News are hints: a look that failed is made up for by the next. */
  async #look(): Promise<void> {
    await this.#catchUp.look().catch(() => undefined)
    if (!this.#closed) this.#lookLater()
  }
}

const NOTHING_APPENDED: AppendAnswer = { outcomes: [], made: [] }
