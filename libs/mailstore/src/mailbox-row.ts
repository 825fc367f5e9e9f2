import { splitKeywords } from './keywords.ts'
import type { Mailbox, MailboxId, SpecialUse } from './ports.ts'

/** A row of `mailbox`. Whoever changes it saves it before the transaction ends. */
export interface MailboxState {
  readonly id: MailboxId
  readonly account: number
  readonly owner: string
  readonly name: string
  readonly uidValidity: number
  readonly noSelect: number
  readonly specialUse: SpecialUse | null
  uidNext: number
  modseq: number
  messages: number
  unseen: number
  size: number
  recent: number
  recentFrom: number
  /** Rows in `expunge`. */
  remembered: number
  /** Expunges up to this modseq may have been forgotten. */
  forgotten: number
  /** Separated by spaces. */
  keywords: string
}

export type MailboxRow = MailboxState & { readonly subscribed: number }

export function mailboxOf(row: MailboxRow): Mailbox {
  const { id, name, uidValidity, uidNext, messages, unseen, recent, size, specialUse } = row
  const mailbox = {
    id,
    account: row.owner,
    name,
    uidValidity,
    uidNext,
    highestModseq: row.modseq,
    messages,
    unseen,
    recent,
    size,
    subscribed: row.subscribed === 1,
    keywords: splitKeywords(row.keywords),
    noSelect: row.noSelect === 1,
  }
  return specialUse === null ? mailbox : { ...mailbox, specialUse }
}
