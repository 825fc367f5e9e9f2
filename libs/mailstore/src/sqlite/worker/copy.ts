import type { MailStoreLimits } from '../../limits.ts'
import type { MailboxState } from '../../mailbox-row.ts'
import type { AccountId, MailboxId } from '../../ports.ts'
import type { AccountTable } from './accounts.ts'
import { admitAll } from './keywords.ts'
import type { MailboxTable } from './mailboxes.ts'
import type { MessageTable } from './messages.ts'
import { Refusal } from './refusal.ts'

export interface CopyArgument {
  readonly from: MailboxId
  readonly uids: Uint32Array
  readonly account: AccountId
  readonly to: string
  readonly limits: MailStoreLimits
}

export interface CopyAnswer {
  readonly uidValidity: number
  /** Uids in the source, and in the target. */
  readonly sources: Uint32Array
  readonly targets: Uint32Array
  /** Mailboxes whose messages changed. */
  readonly changed: readonly MailboxId[]
}

interface Transfer {
  readonly source: MailboxState
  /** The same object as `source` when they are one mailbox. */
  readonly target: MailboxState
  /** Those that are there, so that what is added meanwhile is not taken for one of them. */
  readonly uids: Uint32Array
  readonly limits: MailStoreLimits
}

/** COPY and MOVE. */
export class CopyProcedures {
  readonly #accounts: AccountTable
  readonly #mailboxes: MailboxTable
  readonly #messages: MessageTable

  constructor(accounts: AccountTable, mailboxes: MailboxTable, messages: MessageTable) {
    this.#accounts = accounts
    this.#mailboxes = mailboxes
    this.#messages = messages
  }

  /** Throws Refusal `noMailbox`, `overQuota`. */
  copy(argument: CopyArgument): CopyAnswer {
    const transfer = this.#transfer(argument)
    const account = this.#accounts.existing(argument.account)
    if (account.quota !== 0 && this.#accounts.usage(account).octets + transfer.octets > account.quota) {
      throw new Refusal('overQuota', 'the account has no room for the copies')
    }
    const targets = addMessages(this.#messages, transfer, (record) => this.#messages.records.copy(record))
    return this.#finish(transfer, targets)
  }

  /** Throws Refusal `noMailbox`, `overQuota` (uids). */
  move(argument: CopyArgument): CopyAnswer {
    const transfer = this.#transfer(argument)
    return this.#finish(transfer, moveMessages(this.#messages, transfer))
  }

  #transfer({
    from,
    uids: asked,
    account,
    to,
    limits,
  }: CopyArgument): Transfer & { readonly octets: number } {
    const source = this.#mailboxes.selected(from)
    const owner = this.#accounts.find(account)
    const found = owner && this.#mailboxes.selectable(owner, to)
    if (found === undefined || found.account !== source.account)
      throw new Refusal('noMailbox', `there is no ${to}`)
    const target = found.id === source.id ? source : found
    const { uids, octets } = this.#existing(source, asked)
    if (target.uidNext + uids.length > limits.lastUid + 1)
      throw new Refusal('overQuota', `${to} has no uids left`)
    return { source, target, uids, limits, octets }
  }

  #existing({ id }: MailboxState, asked: Uint32Array): { uids: Uint32Array; octets: number } {
    const uids: number[] = []
    let octets = 0
    for (const lines of this.#messages.portions(id, asked)) {
      for (const [uid, , , , size] of lines) {
        uids.push(uid)
        octets += size
      }
    }
    return { uids: Uint32Array.from(uids), octets }
  }

  #finish({ source, target, uids }: Transfer, targets: readonly number[]): CopyAnswer {
    this.#mailboxes.save(target)
    if (source !== target) this.#mailboxes.save(source)
    return {
      uidValidity: target.uidValidity,
      sources: uids,
      targets: Uint32Array.from(targets),
      changed: uids.length === 0 ? [] : [target.id, source.id],
    }
  }
}

/** The originals vanish after the copies are there; the records change hands. Returns the new uids. */
export function moveMessages(messages: MessageTable, transfer: Transfer): number[] {
  const { source, uids, limits } = transfer
  const targets = addMessages(messages, transfer, (record) => record)
  if (uids.length > 0) source.modseq++
  for (const lines of messages.portions(source.id, uids)) messages.remove(source, lines, 'keep')
  messages.expunges.forget(source, limits.rememberedExpunges)
  return targets
}

function addMessages(
  messages: MessageTable,
  { source, target, uids, limits }: Transfer,
  recordFor: (record: number) => number,
): number[] {
  const targets: number[] = []
  if (uids.length > 0) target.modseq++
  for (const lines of messages.portions(source.id, uids)) {
    for (const [, , flags, given, size, record] of lines) {
      const keywords = admitAll(messages, target, given, limits.keywordsPerMailbox)
      targets.push(messages.add(target, flags, keywords, size, recordFor(record)))
    }
  }
  return targets
}
