import type { MailStoreLimits } from '../../limits.ts'
import type { AccountId, MailboxId } from '../../ports.ts'
import type { AccountTable } from './accounts.ts'
import { admitAll } from './keywords.ts'
import type { MailboxState, MailboxTable } from './mailboxes.ts'
import type { MessageLine, MessageTable } from './messages.ts'
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
  readonly lines: readonly MessageLine[]
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
    const octets = transfer.lines.reduce((sum, [, , , , size]) => sum + size, 0)
    if (account.quota !== 0 && this.#accounts.usage(account).octets + octets > account.quota) {
      throw new Refusal('overQuota', 'the account has no room for the copies')
    }
    const targets = addLines(this.#messages, transfer, (record) => this.#messages.records.copy(record))
    return this.#finish(transfer, targets)
  }

  /** Throws Refusal `noMailbox`, `overQuota` (uids). */
  move(argument: CopyArgument): CopyAnswer {
    const transfer = this.#transfer(argument)
    return this.#finish(transfer, moveLines(this.#messages, transfer))
  }

  #transfer({ from, uids, account, to, limits }: CopyArgument): Transfer {
    const source = this.#mailboxes.selected(from)
    const owner = this.#accounts.find(account)
    const found = owner && this.#mailboxes.selectable(owner, to)
    if (found === undefined || found.account !== source.account)
      throw new Refusal('noMailbox', `there is no ${to}`)
    const target = found.id === source.id ? source : found
    const lines = this.#messages.lines(source.id, uids)
    if (target.uidNext + lines.length > limits.lastUid + 1)
      throw new Refusal('overQuota', `${to} has no uids left`)
    return { source, target, lines, limits }
  }

  #finish({ source, target, lines }: Transfer, targets: readonly number[]): CopyAnswer {
    this.#mailboxes.save(target)
    if (source !== target) this.#mailboxes.save(source)
    return {
      uidValidity: target.uidValidity,
      sources: Uint32Array.from(lines, ([uid]) => uid),
      targets: Uint32Array.from(targets),
      changed: lines.length === 0 ? [] : [target.id, source.id],
    }
  }
}

/** The originals vanish after the copies are there; the records change hands. Returns the new uids. */
export function moveLines(messages: MessageTable, transfer: Transfer): number[] {
  const targets = addLines(messages, transfer, (record) => record)
  messages.remove(transfer.source, transfer.lines, 'keep', transfer.limits.rememberedExpunges)
  return targets
}

function addLines(
  messages: MessageTable,
  transfer: Transfer,
  recordFor: (record: number) => number,
): number[] {
  const { target, lines, limits } = transfer
  if (lines.length > 0) target.modseq++
  return lines.map(([, , flags, given, size, record]) => {
    const keywords = admitAll(messages, target, given, limits.keywordsPerMailbox)
    return messages.add(target, flags, keywords, size, recordFor(record))
  })
}
