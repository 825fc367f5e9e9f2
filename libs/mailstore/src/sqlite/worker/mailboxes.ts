import type { Database } from '@cartero/sql/procedures'

import { afterSeparator, parentsOf, separator } from '../../mailbox-name.ts'
import type { MailboxRow, MailboxState } from '../../mailbox-row.ts'
import type { MailboxId, SpecialUse } from '../../ports.ts'
import type { AccountRow, AccountTable } from './accounts.ts'
import type { MessageTable } from './messages.ts'
import { Refusal } from './refusal.ts'

/** Who a new mailbox belongs to, and when and within what it is made. */
export interface Making {
  readonly account: AccountRow
  readonly now: number
  readonly mailboxesPerAccount: number
}

const columns = `mailbox.id, mailbox.account, account.name AS owner, mailbox.name, uid_validity AS uidValidity,
  no_select AS noSelect, special_use AS specialUse, uid_next AS uidNext, modseq, messages, unseen, size, recent,
  recent_from AS recentFrom, remembered, forgotten, keywords`

/** Rows of `mailbox`. Every name's parents have rows too. Names are spelled as `parseMailboxName` does. */
export class MailboxTable {
  readonly #accounts: AccountTable
  readonly #messages: MessageTable
  readonly #byName
  readonly #byId
  readonly #views
  readonly #view
  readonly #count
  readonly #below
  readonly #using
  readonly #insert
  readonly #update
  readonly #rename
  readonly #delete

  constructor(database: Database, accounts: AccountTable, messages: MessageTable) {
    this.#accounts = accounts
    this.#messages = messages
    const from = `SELECT ${columns} FROM mailbox JOIN account ON account.id = mailbox.account WHERE`
    const view = `SELECT ${columns}, EXISTS (SELECT 1 FROM subscription
      WHERE subscription.account = mailbox.account AND subscription.name = mailbox.name) AS subscribed
      FROM mailbox JOIN account ON account.id = mailbox.account WHERE`
    this.#byName = database.prepare(`${from} mailbox.account = ? AND mailbox.name = ?`)
    this.#byId = database.prepare(`${from} mailbox.id = ?`)
    this.#views = database.prepare(`${view} mailbox.account = ?`)
    this.#view = database.prepare(`${view} mailbox.id = ?`)
    this.#count = database.prepare('SELECT COUNT(*) AS count FROM mailbox WHERE account = ?')
    this.#below = database.prepare('SELECT id, name FROM mailbox WHERE account = ? AND name > ? AND name < ?')
    this.#using = database.prepare('SELECT 1 FROM mailbox WHERE account = ? AND special_use = ?')
    this.#insert = database.prepare(
      'INSERT INTO mailbox (account, name, uid_validity, no_select, special_use) VALUES (?, ?, ?, ?, ?)',
    )
    this.#update =
      database.prepare(`UPDATE mailbox SET uid_next = ?, modseq = ?, messages = ?, unseen = ?, size = ?,
      recent = ?, recent_from = ?, remembered = ?, forgotten = ?, keywords = ? WHERE id = ?`)
    this.#rename = database.prepare('UPDATE mailbox SET name = ? WHERE id = ?')
    this.#delete = database.prepare('DELETE FROM mailbox WHERE id = ?')
  }

  find(account: AccountRow, name: string): MailboxState | undefined {
    return this.#byName.get(account.id, name) as unknown as MailboxState | undefined
  }

  selectable(account: AccountRow, name: string): MailboxState | undefined {
    const found = this.find(account, name)
    return found?.noSelect ? undefined : found
  }

  /** Throws Refusal `noMailbox`. */
  existing(account: AccountRow, name: string): MailboxState {
    const found = this.find(account, name)
    if (found === undefined) throw new Refusal('noMailbox', `there is no ${name}`)
    return found
  }

  /** Throws Refusal `noMailbox` when it is gone or cannot be selected. */
  selected(id: MailboxId): MailboxState {
    const found = this.#byId.get(id) as unknown as MailboxState | undefined
    if (found === undefined || found.noSelect) throw new Refusal('noMailbox', 'the mailbox is gone')
    return found
  }

  views(account: AccountRow): MailboxRow[] {
    return this.#views.all(account.id) as unknown as MailboxRow[]
  }

  view(id: MailboxId): MailboxRow {
    return this.#view.get(id) as unknown as MailboxRow
  }

  hasUse(account: AccountRow, specialUse: SpecialUse): boolean {
    return this.#using.get(account.id, specialUse) !== undefined
  }

  below(account: AccountRow, name: string): { readonly id: MailboxId; readonly name: string }[] {
    const rows = this.#below.all(account.id, name + separator, name + afterSeparator)
    return rows as unknown as { id: MailboxId; name: string }[]
  }

  /** Makes the missing parents of a name. Throws Refusal `limit`. Returns their ids. */
  makeParents(making: Making, name: string): MailboxId[] {
    const missing = parentsOf(name).filter((parent) => !this.find(making.account, parent))
    this.#leavePlace(making, missing.length)
    return missing.map((parent) => this.#make(making, parent, 0, null))
  }

  /** Makes a mailbox whose name is not that of one; a noSelect of the name gives way. Throws Refusal `limit`. */
  make(making: Making, name: string, specialUse: SpecialUse | null = null): MailboxId[] {
    const old = this.find(making.account, name)
    if (old) this.#delete.run(old.id)
    const parents = this.makeParents(making, name)
    this.#leavePlace(making, 1)
    return [...parents, this.#make(making, name, 0, specialUse)]
  }

  /** A name that cannot be selected. */
  makeNoSelect(making: Making, name: string): void {
    this.#make(making, name, 1, null)
  }

  rename(id: MailboxId, name: string): void {
    this.#rename.run(name, id)
  }

  /** Removes a mailbox and its messages. */
  drop(id: MailboxId): void {
    this.#messages.dropAll(id)
    this.#delete.run(id)
  }

  save(state: MailboxState): void {
    this.#update.run(
      state.uidNext,
      state.modseq,
      state.messages,
      state.unseen,
      state.size,
      state.recent,
      state.recentFrom,
      state.remembered,
      state.forgotten,
      state.keywords,
      state.id,
    )
  }

  #make({ account, now }: Making, name: string, noSelect: 0 | 1, specialUse: SpecialUse | null): MailboxId {
    const uidValidity = this.#accounts.nextUidValidity(account, now)
    return Number(this.#insert.run(account.id, name, uidValidity, noSelect, specialUse).lastInsertRowid)
  }

  #leavePlace({ account, mailboxesPerAccount }: Making, names: number): void {
    if (names === 0) return
    const count = Number(this.#count.get(account.id)?.['count'])
    if (count + names > mailboxesPerAccount) throw new Refusal('limit', 'too many mailboxes')
  }
}
