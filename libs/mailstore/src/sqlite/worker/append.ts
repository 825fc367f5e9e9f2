import type { Database } from '@cartero/sql/procedures'

import type { MailStoreLimits } from '../../limits.ts'
import type { MailboxState } from '../../mailbox-row.ts'
import type { AccountId, AppendOutcome, MailboxId } from '../../ports.ts'
import type { AccountRow, AccountTable } from './accounts.ts'
import { admitAll } from './keywords.ts'
import type { MailboxTable } from './mailboxes.ts'
import type { MessageTable } from './messages.ts'
import { Refusal } from './refusal.ts'

/** A message on its way into the worker: a tuple, because those are cloned without their property names. */
export type AppendLine = readonly [
  account: AccountId,
  /** As `parseMailboxName` spells it; '' when it is not allowed. */
  mailbox: string,
  create: boolean,
  content: string,
  /** Where its prefix, and the structure after it, end in `AppendArgument.octets`. */
  prefixEnd: number,
  structureEnd: number,
  size: number,
  flags: number,
  /** Separated by spaces. */
  keywords: string,
  internalDate: number,
  key: string | null,
]

export interface AppendArgument {
  readonly lines: readonly AppendLine[]
  /** Prefix, structure, prefix, structure … in order of `lines`. */
  readonly octets: Uint8Array
  readonly allOrNothing: boolean
  readonly now: number
  readonly limits: MailStoreLimits
}

export interface AppendAnswer {
  readonly outcomes: readonly AppendOutcome[]
  /** Mailboxes that came into being, and whose they are. */
  readonly made: readonly (readonly [AccountId, MailboxId])[]
}

interface Owner {
  readonly row: AccountRow
  /** Octets it may still take. */
  room: number
}

/** Appends a batch; the rows of accounts and mailboxes are read and written once for all of it. */
export class AppendProcedure {
  readonly #database: Database
  readonly #accounts: AccountTable
  readonly #mailboxes: MailboxTable
  readonly #messages: MessageTable
  readonly #claimKey
  readonly #giveBackKey
  readonly #forgetKeys

  constructor(database: Database, accounts: AccountTable, mailboxes: MailboxTable, messages: MessageTable) {
    this.#database = database
    this.#accounts = accounts
    this.#mailboxes = mailboxes
    this.#messages = messages
    this.#claimKey = database.prepare('INSERT OR IGNORE INTO delivered (account, key, at) VALUES (?, ?, ?)')
    this.#giveBackKey = database.prepare('DELETE FROM delivered WHERE id = ?')
    this.#forgetKeys = database.prepare(
      'DELETE FROM delivered WHERE id IN (SELECT id FROM delivered ORDER BY id LIMIT ?) AND at < ?',
    )
  }

  run(argument: AppendArgument): AppendAnswer {
    const batch = new Batch(argument)
    this.#forget(argument)
    if (argument.allOrNothing) return this.#allOrNothing(batch)
    const outcomes = argument.lines.map((_, at) => this.#append(batch, at))
    this.#save(batch)
    return { outcomes, made: batch.made }
  }

  #allOrNothing(batch: Batch): AppendAnswer {
    this.#database.exec('SAVEPOINT batch')
    const outcomes: AppendOutcome[] = []
    for (const at of batch.argument.lines.keys()) {
      const outcome = this.#append(batch, at)
      outcomes.push(outcome)
      if (outcome.kind === 'appended' || outcome.kind === 'duplicate') continue
      this.#database.exec('ROLLBACK TO batch; RELEASE batch')
      return { outcomes: batch.argument.lines.map(() => outcome), made: [] }
    }
    this.#save(batch)
    this.#database.exec('RELEASE batch')
    return { outcomes, made: batch.made }
  }

  #append(batch: Batch, at: number): AppendOutcome {
    const line = batch.argument.lines[at] as AppendLine
    const [account, , , , , , size, , , , key] = line
    const owner = this.#owner(batch, account)
    if (owner === undefined) return { kind: 'noAccount' }
    const claimed = key === null ? undefined : this.#claimKey.run(owner.row.id, key, batch.argument.now)
    if (claimed?.changes === 0) return { kind: 'duplicate' }
    const fits = size <= owner.room
    const state = fits ? this.#mailbox(batch, owner, line) : undefined
    if (state !== undefined && state.uidNext <= batch.argument.limits.lastUid) {
      owner.room -= size
      return this.#keep(batch, at, state)
    }
    if (claimed) this.#giveBackKey.run(claimed.lastInsertRowid)
    return { kind: fits && state === undefined ? 'noMailbox' : 'overQuota' }
  }

  #keep(batch: Batch, at: number, state: MailboxState): AppendOutcome {
    const [, , , content, , , size, flags, given, internalDate] = batch.argument.lines[at] as AppendLine
    const record = this.#messages.records.insert([content, internalDate, ...batch.octets(at)], size)
    const keywords = admitAll(this.#messages, state, given, batch.argument.limits.keywordsPerMailbox)
    state.modseq++
    const uid = this.#messages.add(state, flags, keywords, size, record)
    batch.touched.add(state)
    return { kind: 'appended', mailbox: state.id, uidValidity: state.uidValidity, uid, modseq: state.modseq }
  }

  #owner(batch: Batch, account: AccountId): Owner | undefined {
    if (batch.owners.has(account)) return batch.owners.get(account)
    const row = this.#accounts.find(account)
    const owner = row && { row, room: this.#room(row) }
    batch.owners.set(account, owner)
    return owner
  }

  #room(row: AccountRow): number {
    return row.quota === 0 ? Infinity : row.quota - this.#accounts.usage(row).octets
  }

  /** The mailbox, made if that was asked for. */
  #mailbox(batch: Batch, { row }: Owner, [account, name, create]: AppendLine): MailboxState | undefined {
    const place = `${row.id} ${name}`
    const known = batch.mailboxes.get(place)
    if (known !== undefined || name === '') return known
    const found =
      this.#mailboxes.selectable(row, name) ?? (create ? this.#make(batch, row, account, name) : undefined)
    if (found) batch.mailboxes.set(place, found)
    return found
  }

  #make(batch: Batch, row: AccountRow, account: AccountId, name: string): MailboxState | undefined {
    const { now, limits } = batch.argument
    this.#database.exec('SAVEPOINT make')
    try {
      const made = this.#mailboxes.make({ account: row, now, ...limits }, name)
      batch.made.push(...made.map((id) => [account, id] as const))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#database.exec('ROLLBACK TO make')
    }
    this.#database.exec('RELEASE make')
    return this.#mailboxes.selectable(row, name)
  }

  #save(batch: Batch): void {
    for (const state of batch.touched) this.#mailboxes.save(state)
  }

  /** Expired keys go at twice the rate at which new ones come, so that nothing ever has to sweep. */
  #forget({ lines, now, limits }: AppendArgument): void {
    this.#forgetKeys.run(2 * lines.length, now - limits.keyLifetime)
  }
}

/** What is known while a batch is appended. */
class Batch {
  readonly argument: AppendArgument
  readonly owners = new Map<AccountId, Owner | undefined>()
  readonly mailboxes = new Map<string, MailboxState>()
  readonly touched = new Set<MailboxState>()
  readonly made: (readonly [AccountId, MailboxId])[] = []

  constructor(argument: AppendArgument) {
    this.argument = argument
  }

  /** A message's prefix and structure. */
  octets(at: number): readonly [prefix: Uint8Array, structure: Uint8Array] {
    const { lines, octets } = this.argument
    const [start, middle, end] = [lines[at - 1]?.[5] ?? 0, lines[at]?.[4], lines[at]?.[5]]
    return [octets.subarray(start, middle), octets.subarray(middle, end)]
  }
}
