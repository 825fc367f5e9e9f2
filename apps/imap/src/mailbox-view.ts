import type { UntaggedResponse } from '@cartero/imap'
import { MailboxTracker, type SelectedMailbox } from '@cartero/imap/server'
import { MailStoreError, type Flag, type Mailbox, type MailStore, type MessageRow } from '@cartero/mailstore'
import type { MaybePromise } from '@cartero/wire'
import { refusing } from './refusal-of.ts'

// RFC 3501 §2.3.2
const SYSTEM_FLAGS: readonly Flag[] = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft']

/**
 * The mailbox that a session has selected, as this session's client knows it. News from the store only mark it stale;
 * what changed is read when the client can be told.
 */
export class MailboxView {
  readonly mailbox: Mailbox
  readonly readOnly: boolean
  readonly tracker: MailboxTracker
  readonly #store: MailStore
  readonly #recent: ReadonlySet<number>
  readonly #flags: Set<Flag>
  /** Everything up to here was read. */
  #modseq: number
  /** True from the start: something may have happened while the rows were read. */
  #stale = true
  #newFlags = false

  private constructor(store: MailStore, opened: Awaited<ReturnType<MailStore['open']>>, readOnly: boolean) {
    this.#store = store
    this.mailbox = opened.mailbox
    this.readOnly = readOnly
    this.#recent = new Set(opened.recent)
    this.#flags = new Set([...SYSTEM_FLAGS, ...opened.mailbox.keywords])
    this.#modseq = opened.mailbox.highestModseq
    this.tracker = new MailboxTracker(this.withRecent(opened.rows))
  }

  /** Throws ImapRefusal. Only SELECT takes \Recent away from others (RFC 3501 §6.3.2). */
  static async open(store: MailStore, mailbox: Mailbox, readOnly: boolean): Promise<MailboxView> {
    return new MailboxView(
      store,
      await refusing(store.open(mailbox.id, { claimRecent: !readOnly })),
      readOnly,
    )
  }

  /** What SELECT tells. */
  description(): SelectedMailbox {
    const { mailbox, tracker } = this
    const firstUnseen = this.#firstUnseen()
    const flags = [...this.#flags]
    return {
      name: mailbox.name,
      exists: tracker.exists,
      recent: this.#recent.size,
      uidValidity: mailbox.uidValidity,
      uidNext: mailbox.uidNext,
      flags,
      permanentFlags: this.readOnly ? [] : [...flags, '\\*'],
      highestModseq: mailbox.highestModseq,
      ...(firstUnseen !== undefined && { firstUnseen }),
    }
  }

  /** The store says that something happened here. */
  touched(): void {
    this.#stale = true
  }

  /** What the client is to be told now. */
  updates(expunges: boolean): MaybePromise<readonly UntaggedResponse[]> {
    return this.#stale ? this.#refreshed(expunges) : this.#take(expunges)
  }

  /** Rows that this session changed itself: the client is told by the command that did it. */
  settle(rows: readonly MessageRow[]): readonly MessageRow[] {
    const marked = this.withRecent(rows)
    this.#noteFlags(marked)
    this.tracker.settled(marked)
    return marked
  }

  /** The same rows, with \Recent where this session is the first to see the message (RFC 3501 §2.3.2). */
  withRecent(rows: readonly MessageRow[]): readonly MessageRow[] {
    return this.#recent.size === 0 ? rows : rows.map((row) => this.rowOf(row))
  }

  rowOf(row: MessageRow): MessageRow {
    if (!this.#recent.has(row.uid)) return row
    return { uid: row.uid, flags: [...row.flags, '\\Recent'], modseq: row.modseq }
  }

  async #refreshed(expunges: boolean): Promise<readonly UntaggedResponse[]> {
    this.#stale = false
    try {
      const changes = await this.#store.changesSince(this.mailbox.id, this.#modseq)
      this.#modseq = changes.highestModseq
      const changed = this.withRecent(changes.changed)
      this.#noteFlags(changed)
      this.tracker.changed(changed)
      this.tracker.vanished(changes.vanished)
    } catch (error) {
      this.#stale = true
      if (!(error instanceof MailStoreError) || error.fault !== 'noMailbox') throw error
      // The mailbox was deleted by another session (RFC 2180 §3.3): every message is gone.
      this.#stale = false
      this.tracker.vanishedAll()
    }
    return this.#take(expunges)
  }

  #take(expunges: boolean): readonly UntaggedResponse[] {
    const updates = this.tracker.take(expunges)
    if (!this.#newFlags) return updates
    this.#newFlags = false
    return [{ kind: 'flags', flags: [...this.#flags] }, ...updates]
  }

  /** RFC 3501 §7.2.6: the client is told of keywords before it meets them. */
  #noteFlags(rows: readonly MessageRow[]): void {
    for (const { flags } of rows) {
      for (const flag of flags) {
        if (this.#flags.has(flag) || flag === '\\Recent') continue
        this.#flags.add(flag)
        this.#newFlags = true
      }
    }
  }

  #firstUnseen(): number | undefined {
    for (let sequence = 1; sequence <= this.tracker.exists; sequence++) {
      if (!this.tracker.row(sequence).flags.includes('\\Seen')) return sequence
    }
    return undefined
  }
}
