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
  /** Keywords that are or were in use here, as first spelled, in order of first use: what FLAGS of SELECT tells. */
  readonly keywords: readonly Flag[]
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
  /** Octets of `prefix + content`. */
  readonly size: number
  /**
   * `\Recent`, unknown system flags and what is no atom are dropped, and so are keywords beyond the mailbox's limit:
   * mail is never refused for a flag.
   */
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
  | {
      readonly kind: 'appended'
      readonly mailbox: MailboxId
      readonly uidValidity: number
      readonly uid: number
      readonly modseq: number
    }
  | { readonly kind: 'duplicate' }
  /** No such name, or one that cannot be selected, and `create` was not said or the name is not allowed. */
  | { readonly kind: 'noMailbox' }
  /** The account was never provisioned, or was removed. */
  | { readonly kind: 'noAccount' }
  /** The account's quota, or the last UID of the mailbox (RFC 9051 §2.3.1.1), is reached. */
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
export type MailboxNews = {
  readonly account: AccountId
  readonly mailbox: MailboxId
  readonly kind: 'messages' | 'list'
}

/**
 * `full` and `unavailable` are our store's fault; the others are the caller's: `limit` is one of MailStoreLimits, `overQuota` the
 * account's quota.
 */
export type MailStoreFault =
  | 'full'
  | 'unavailable'
  | 'exists'
  | 'noMailbox'
  | 'notAllowed'
  | 'overQuota'
  | 'limit'

export class MailStoreError extends Error {
  override readonly name = 'MailStoreError'
  readonly fault: MailStoreFault

  constructor(fault: MailStoreFault, message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}

/** What an account holds. */
export interface AccountUsage {
  readonly octets: number
  readonly messages: number
  /** Octets; 0 is without limit. */
  readonly quota: number
}

/** New uids of copied messages: `[uid in the source, uid in the target]`, ascending in both (RFC 4315 §3). */
export interface CopiedMessages {
  /** Of the target. */
  readonly uidValidity: number
  readonly pairs: readonly (readonly [number, number])[]
}

/**
 * Mail kept for its user. Used by MDA, IMAP and POP3. Each method that writes is one transaction; calls that arrive
 * together share one sync; calls are carried out in the order in which they were made. Octets live in the content store:
 * `open octets = prefix + content`.
 *
 * UIDs are strictly ascending in a mailbox and never used again; UIDVALIDITY changes only when a mailbox is made anew, and
 * no two mailboxes of an account ever have the same (RFC 9051 §2.3.1.1).
 * Modseq is per mailbox, starts at 1, and moves at every append, flag change and expunge (RFC 7162 §3.1): each message
 * appended has its own, the messages of one copy, move, flag change or expunge share one.
 *
 * Names: see `mailbox-name.ts`. Every mailbox but those of the top level has a parent. Methods that take an account and a name see that
 * account's mailboxes only. Methods that take a MailboxId throw `noMailbox` when it is gone or cannot be selected.
 */
export interface MailStore {
  /** Creates the account's INBOX and the special-use mailboxes (Drafts, Sent, Junk, Trash, Archive) if absent. Idempotent. */
  provision(account: AccountId): Promise<void>
  /** Removes all of the account's mailboxes. Idempotency keys stay for their time. */
  removeAccount(account: AccountId): Promise<void>
  /** Octets the account may hold; 0 is without limit. What is there stays. Throws `noMailbox` when there is no such account. */
  setQuota(account: AccountId, octets: number): Promise<void>
  /** Undefined when there is no such account. */
  usage(account: AccountId): Promise<AccountUsage | undefined>
  /**
   * Appends in order, each on its own terms: one refusal does not touch the others. With `allOrNothing`, nothing is kept
   * when one is refused, and every outcome is that refusal (MULTIAPPEND, RFC 3502 §6.3.11); a duplicate is no refusal.
   *
   * Guarantee: what is answered `appended` survives kill -9 and power loss.
   */
  append(
    messages: readonly NewMessage[],
    options?: { readonly allOrNothing?: boolean },
  ): Promise<readonly AppendOutcome[]>
  /** In order of name by code units, INBOX first. */
  mailboxes(account: AccountId): Promise<readonly Mailbox[]>
  mailbox(account: AccountId, name: string): Promise<Mailbox | undefined>
  /** Makes missing parents too. Throws `exists`, `notAllowed` (the name; the special use is taken), `limit`, `noMailbox` (no such account). */
  createMailbox(account: AccountId, name: string, specialUse?: SpecialUse): Promise<Mailbox>
  /** With children it becomes noSelect. Throws `noMailbox`, `notAllowed` (INBOX; noSelect with children, RFC 9051 §6.3.5). */
  deleteMailbox(account: AccountId, name: string): Promise<void>
  /**
   * Children move too, ids, UIDVALIDITY and uids stay; INBOX moves its messages and stays, and so do its children
   * (RFC 9051 §6.3.6). Makes missing parents. Throws `noMailbox`, `exists`, `notAllowed` (the name; into itself), `limit`.
   */
  renameMailbox(account: AccountId, from: string, to: string): Promise<void>
  /** Subscriptions belong to names and outlive the mailbox (RFC 9051 §6.3.7). Throws `noMailbox` when subscribing to what is not there. */
  subscribe(account: AccountId, name: string, subscribed: boolean): Promise<void>
  /** Subscribed names in order, also those whose mailbox is gone. */
  subscriptions(account: AccountId): Promise<readonly string[]>
  /** Every message's row by ascending uid. `claimRecent` gives the \Recent messages to this caller: they are reported and cleared. */
  open(
    mailbox: MailboxId,
    options?: { readonly claimRecent?: boolean },
  ): Promise<{
    readonly mailbox: Mailbox
    readonly rows: readonly MessageRow[]
    readonly recent: readonly number[]
  }>
  /** In ascending uid order; uids that are gone are left out. Ask in portions of some hundreds. `index` is parsed when first read. */
  fetch(mailbox: MailboxId, uids: readonly number[]): Promise<readonly StoredMessage[]>
  /**
   * Only messages whose modseq is not above `unchangedSince` change; the others are returned in `refused`. `changed` has the
   * rows of all others by ascending uid; the modseq of those that had the flags already does not move.
   * Throws `limit` (keywords of the mailbox), and then nothing changed.
   */
  changeFlags(
    mailbox: MailboxId,
    uids: readonly number[],
    change: FlagChange,
    flags: readonly Flag[],
    options?: { readonly unchangedSince?: number },
  ): Promise<{ readonly changed: readonly MessageRow[]; readonly refused: readonly number[] }>
  /** Removes those of `uids` (all when absent) that are marked \Deleted. Returns what went, ascending, and the mailbox's modseq after it. */
  expunge(
    mailbox: MailboxId,
    uids?: readonly number[],
  ): Promise<{ readonly vanished: readonly number[]; readonly modseq: number }>
  /**
   * New uids in order; all or nothing; octets are shared, not copied. Flags and internal date are kept; uids that are gone are left
   * out. Throws `noMailbox` (also when `from` is not of this account), `overQuota`.
   */
  copy(from: MailboxId, uids: readonly number[], account: AccountId, to: string): Promise<CopiedMessages>
  /** As copy, and the originals vanish in the same transaction (RFC 6851). Within one mailbox they get new uids. */
  move(from: MailboxId, uids: readonly number[], account: AccountId, to: string): Promise<CopiedMessages>
  /**
   * What happened after `modseq`. When what vanished is no longer remembered that far back, `vanished` has every uid that was ever
   * used and is not there (RFC 7162 §3.2.6 allows more than is needed).
   */
  changesSince(mailbox: MailboxId, modseq: number): Promise<MailboxChanges>
  /** Calls back after commits that touch the account, until the signal aborts. Merged per turn of the event loop. */
  watch(account: AccountId, listener: (news: MailboxNews) => void, signal: AbortSignal): void
  /** Contents referred to whose id starts with `prefix` (for reclaiming). */
  referenced(prefix: string): Promise<Iterable<ContentId>>
  close(): Promise<void>
}
