import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'

export type AccountId = string
/** Number of a mailbox within the store; never reused. */
export type MailboxId = number

/** Flags as IMAP writes them: `\Seen`, `\Answered`, `\Flagged`, `\Deleted`, `\Draft`, or a keyword. Keywords compare without case. */
export type Flag = string

/** Special uses of RFC 6154 §2. */
export type SpecialUse = '\\All' | '\\Archive' | '\\Drafts' | '\\Flagged' | '\\Junk' | '\\Sent' | '\\Trash'

export interface Mailbox {
  readonly id: MailboxId
  readonly account: AccountId
  /** Unicode, levels separated by `/`; INBOX is always spelled `INBOX`. */
  readonly name: string
  readonly uidValidity: number
  readonly uidNext: number
  readonly highestModseq: number
  readonly messages: number
  readonly unseen: number
  readonly recent: number
  /** Octets of all messages. */
  readonly size: number
  readonly subscribed: boolean
  readonly specialUse?: SpecialUse
  /** A name that has children but was deleted itself (RFC 3501 §6.3.4). */
  readonly noSelect: boolean
}

/** A message to be kept. Its octets are `prefix + content`. */
export interface NewMessage {
  readonly account: AccountId
  /** Name of the mailbox; created when `create` says so and it does not exist. */
  readonly mailbox: string
  readonly create?: boolean
  readonly content: ContentId
  readonly prefix: Buffer
  /** Of `prefix + content`. */
  readonly index: MessageIndex
  readonly flags: readonly Flag[]
  /** Milliseconds since the epoch. */
  readonly internalDate: number
  /**
   * Guarantee: of all appends with the same key and account, at most one message ever exists, also after that message
   * was expunged. Keys are kept at least seven days.
   */
  readonly idempotencyKey?: string
}

export type AppendOutcome =
  | { readonly kind: 'appended'; readonly mailbox: MailboxId; readonly uidValidity: number; readonly uid: number; readonly modseq: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'noMailbox' }
  | { readonly kind: 'noAccount' }
  | { readonly kind: 'overQuota' }

/** What a session needs to hold of each message: small, and enough for FETCH FLAGS and SEARCH by flag. */
export interface MessageRow {
  readonly uid: number
  readonly flags: readonly Flag[]
  readonly modseq: number
}

/** What is read for FETCH and SEARCH. */
export interface StoredMessage extends MessageRow {
  readonly internalDate: number
  /** Octets of `prefix + content`. */
  readonly size: number
  readonly content: ContentId
  readonly prefix: Buffer
  readonly index: MessageIndex
}

export type FlagChange = 'add' | 'remove' | 'replace'

/** What happened to a mailbox, in order of modseq. */
export interface MailboxChanges {
  readonly highestModseq: number
  readonly uidNext: number
  /** New or changed messages. */
  readonly changed: readonly MessageRow[]
  readonly vanished: readonly number[]
}

/** Told to watchers after a commit; a hint, may be merged or repeated, never lost while the process lives. */
export type MailboxNews = { readonly account: AccountId; readonly mailbox: MailboxId; readonly kind: 'messages' | 'list' }

export type MailStoreFault = 'full' | 'unavailable' | 'exists' | 'noMailbox' | 'notAllowed'

export class MailStoreError extends Error {
  override readonly name = 'MailStoreError'
  readonly fault: MailStoreFault

  constructor(fault: MailStoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/**
 * Mail kept for its user. Used by MDA, IMAP and POP3. Each method that writes is one transaction; calls that arrive
 * together share one sync. Octets live in the content store: `open octets = prefix + content`.
 *
 * UIDs are strictly ascending in a mailbox and never used again; UIDVALIDITY changes only when a mailbox is made anew.
 * Modseq is per mailbox, starts at 1, and moves at every append, flag change and expunge (RFC 7162 §3.1).
 */
export interface MailStore {
  /** Creates the account's INBOX and the special-use mailboxes (Drafts, Sent, Junk, Trash, Archive) if absent. Idempotent. */
  provision(account: AccountId): Promise<void>
  /** Removes all of the account's mailboxes. */
  removeAccount(account: AccountId): Promise<void>
  /** Appends in order, each on its own terms: one refusal does not touch the others. */
  append(messages: readonly NewMessage[]): Promise<readonly AppendOutcome[]>
  /** All or nothing in one mailbox (RFC 3502); throws MailStoreError `noMailbox`. */
  mailboxes(account: AccountId): Promise<readonly Mailbox[]>
  mailbox(account: AccountId, name: string): Promise<Mailbox | undefined>
  /** Makes missing parents too. Throws `exists`. */
  createMailbox(account: AccountId, name: string, specialUse?: SpecialUse): Promise<Mailbox>
  /** With children it becomes noSelect. Throws `noMailbox`, `notAllowed` (INBOX). */
  deleteMailbox(account: AccountId, name: string): Promise<void>
  /** Children move too; INBOX moves its messages and stays (RFC 3501 §6.3.5). Throws `noMailbox`, `exists`. */
  renameMailbox(account: AccountId, from: string, to: string): Promise<void>
  subscribe(account: AccountId, name: string, subscribed: boolean): Promise<void>
  /** Every message's row by ascending uid. `claimRecent` gives the \Recent messages to this caller: they are reported and cleared. */
  open(mailbox: MailboxId, options?: { readonly claimRecent?: boolean }): Promise<{ readonly mailbox: Mailbox; readonly rows: readonly MessageRow[]; readonly recent: readonly number[] }>
  /** In ascending uid order; uids that are gone are left out. Ask in portions of some hundreds. */
  fetch(mailbox: MailboxId, uids: readonly number[]): Promise<readonly StoredMessage[]>
  /** Only messages whose modseq is not above `unchangedSince` change; the others are returned in `refused`. */
  changeFlags(
    mailbox: MailboxId,
    uids: readonly number[],
    change: FlagChange,
    flags: readonly Flag[],
    options?: { readonly unchangedSince?: number },
  ): Promise<{ readonly changed: readonly MessageRow[]; readonly refused: readonly number[] }>
  /** Removes those of `uids` (all when absent) that are marked \Deleted. Returns what went. */
  expunge(mailbox: MailboxId, uids?: readonly number[]): Promise<{ readonly vanished: readonly number[]; readonly modseq: number }>
  /** New uids in order; all or nothing; octets are shared, not copied. Flags and internal date are kept. Throws `noMailbox`. */
  copy(from: MailboxId, uids: readonly number[], account: AccountId, to: string): Promise<{ readonly uidValidity: number; readonly pairs: readonly (readonly [number, number])[] }>
  /** As copy, and the originals vanish in the same transaction (RFC 6851). */
  move(from: MailboxId, uids: readonly number[], account: AccountId, to: string): Promise<{ readonly uidValidity: number; readonly pairs: readonly (readonly [number, number])[] }>
  changesSince(mailbox: MailboxId, modseq: number): Promise<MailboxChanges>
  /** Calls back after commits that touch the account, until the signal aborts. */
  watch(account: AccountId, listener: (news: MailboxNews) => void, signal: AbortSignal): void
  /** Contents referred to whose id starts with `prefix` (for reclaiming). */
  referenced(prefix: string): Promise<Iterable<ContentId>>
  close(): Promise<void>
}
