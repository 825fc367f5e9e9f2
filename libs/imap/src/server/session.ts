import type { SaslServerMechanism } from '@cartero/sasl'
import type { MaybePromise, TlsFacts } from '@cartero/wire'
import type { Extension } from '../capability.ts'
import type { CopyCommand } from '../command/copy.ts'
import type { FetchCommand } from '../command/fetch.ts'
import type { ClientId } from '../command/id.ts'
import type { StatusItem } from '../command/status.ts'
import type { StoreCommand } from '../command/store.ts'
import type { FetchedMessage } from '../fetch-response.ts'
import type { MessageNumbers } from '../number-set.ts'
import type { ListAttribute, StatusValue, UntaggedResponse } from '../response.ts'
import type { SearchKey } from '../search-key.ts'

/** A mailbox as LIST needs it. Names are Unicode with `/` between levels. */
export interface ListedMailbox {
  readonly name: string
  readonly subscribed: boolean
  readonly noSelect: boolean
  /** `\Sent` and the like (RFC 6154 §2). */
  readonly specialUse?: ListAttribute
}

/** What SELECT tells (RFC 3501 §6.3.1). */
export interface SelectedMailbox {
  readonly name: string
  readonly exists: number
  readonly recent: number
  readonly uidValidity: number
  readonly uidNext: number
  /** Sequence number of the first message without \Seen. */
  readonly firstUnseen?: number
  /** Flags in use or possible. */
  readonly flags: readonly string[]
  /** Flags that a client may change for good; `\*` allows new keywords. */
  readonly permanentFlags: readonly string[]
  readonly highestModseq?: number
}

export interface AppendTarget {
  readonly mailbox: string
  readonly flags: readonly string[]
  readonly internalDate?: number
  /** Octets that will come. */
  readonly size: number
}

/** Takes the octets of one message. Exactly one of `finish` and `abort` ends it. */
export interface AppendSink {
  /** Returns a promise only when the client has to wait. */
  write(bytes: Buffer): MaybePromise<void>
  /** All octets came: the message is kept when the promise is fulfilled. Throws ImapRefusal. */
  finish(): Promise<{ readonly uidValidity: number; readonly uid: number }>
  /** Not all octets came. Never throws. */
  abort(): void
}

export interface Copied {
  readonly uidValidity: number
  /** `[uid there before, uid in the target]`. */
  readonly pairs: readonly (readonly [number, number])[]
}

/** What SEARCH found: the same messages twice, in ascending order. */
export interface Found {
  readonly sequences: readonly number[]
  readonly uids: readonly number[]
  /** The highest modseq of what was found, when the criteria asked for modseq. */
  readonly modseq?: number
}

/**
 * What stands behind a connection. Methods throw ImapRefusal for what they do not do; the machine has checked grammar
 * and order before it asks, and asks one thing at a time.
 */
export interface ImapSession {
  // Any state

  /** What changed in the selected mailbox since the client was told last. `expunges`: removals may be told now. */
  updates(expunges: boolean): MaybePromise<readonly UntaggedResponse[]>
  /** The client asks for news: the next `updates` looks at the store itself rather than wait to be told. */
  poll(): void
  /** The client said who it is (RFC 2971); gives what we are, for everyone to know. */
  identify(client: ClientId): ReadonlyMap<string, string>
  /** The connection is gone. Never throws. */
  closed(): void

  // Not authenticated

  /** TLS is up: what is on offer may depend on it. */
  tlsStarted?(tls: TlsFacts): void
  /** SASL mechanisms on offer, in upper case. */
  mechanisms(tls: boolean): readonly string[]
  /** Begins an exchange of one of `mechanisms`. */
  startSasl(mechanism: string): SaslServerMechanism
  /** An exchange succeeded: the account enters. */
  enter(account: string): MaybePromise<void>
  /** LOGIN. Throws ImapRefusal AUTHENTICATIONFAILED, UNAVAILABLE, LIMIT. */
  login(user: string, password: string): MaybePromise<void>

  // Authenticated

  /** All mailboxes, in the order in which they are to be listed. */
  mailboxes(): MaybePromise<readonly ListedMailbox[]>
  /** Subscribed names, also those of mailboxes that are gone. */
  subscriptions(): MaybePromise<readonly string[]>
  /** Throws ImapRefusal NONEXISTENT. */
  status(mailbox: string, items: readonly StatusItem[]): MaybePromise<readonly StatusValue[]>
  /** Leaves the mailbox that was selected, if any, also when it throws. */
  select(mailbox: string, readOnly: boolean): MaybePromise<SelectedMailbox>
  create(mailbox: string, specialUse?: string): MaybePromise<void>
  delete(mailbox: string): MaybePromise<void>
  rename(from: string, to: string): MaybePromise<void>
  subscribe(mailbox: string, subscribed: boolean): MaybePromise<void>
  /** Throws ImapRefusal TRYCREATE, OVERQUOTA before any octet is taken. */
  append(target: AppendTarget): MaybePromise<AppendSink>

  // Selected

  /** Leaves the mailbox; `expunge` as CLOSE does, without telling. */
  unselect(expunge: boolean): MaybePromise<void>
  /** Messages in ascending order; those that are gone are left out. Sets \Seen where the items ask for it. */
  fetch(command: FetchCommand): AsyncIterable<readonly FetchedMessage[]>
  search(criteria: SearchKey): MaybePromise<Found>
  /** Gives what is to be told of the changed messages; nothing when `silent`. `modified` are numbers as the command gave them. */
  store(command: StoreCommand): MaybePromise<Stored>
  /** `uids` only when given. What went is told by `updates`. */
  expunge(uids?: MessageNumbers): MaybePromise<void>
  copy(command: CopyCommand): MaybePromise<Copied>
}

export interface Stored {
  readonly messages: readonly FetchedMessage[]
  /** Uids or sequence numbers that `unchangedSince` kept as they were (RFC 7162 §3.1.3). */
  readonly modified: readonly number[]
}

// Capabilities a session may have beside: each is advertised if and only if the methods are there.

/** RFC 6851 */
export interface SessionMove {
  move(command: CopyCommand): MaybePromise<Copied>
}

/** RFC 2177. While idling, the session wakes its connection when there are updates. */
export interface SessionIdle {
  idle(idling: boolean): void
}

/** RFC 5182: keeps uids for `$`. */
export interface SessionSearchResult {
  saveResult(uids: readonly number[]): void
}

/** RFC 7162 §3.1: rows have modseqs, and updates tell them from now on. */
export interface SessionCondstore {
  enableCondstore(): void
}

/** Facts without methods of their own. */
export interface SessionTraits {
  /** `fetch` serves BINARY items (RFC 9051 §6.4.5). */
  readonly servesBinary?: true
  /** LIST has special uses and CREATE takes them (RFC 6154). */
  readonly hasSpecialUses?: true
}

export type FullSession = ImapSession &
  Partial<SessionMove & SessionIdle & SessionSearchResult & SessionCondstore> &
  SessionTraits

/** What may be advertised for this session. */
export function extensionsOf(session: FullSession): ReadonlySet<Extension> {
  const extensions = new Set<Extension>(['UIDPLUS'])
  if (session.move) extensions.add('MOVE')
  if (session.idle) extensions.add('IDLE')
  if (session.saveResult) extensions.add('SEARCHRES')
  if (session.enableCondstore) extensions.add('CONDSTORE')
  if (session.servesBinary) extensions.add('BINARY')
  if (session.hasSpecialUses) extensions.add('SPECIAL-USE')
  return extensions
}
