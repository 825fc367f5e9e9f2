import { admitForChange, changedFlags, deleted, type AdmittedKeywords } from '../../flags.ts'
import { splitKeywords } from '../../keywords.ts'
import type { MailStoreLimits } from '../../limits.ts'
import type { MailboxState } from '../../mailbox-row.ts'
import type { PackedRows } from '../../packed-rows.ts'
import type { FlagChange, MailboxId } from '../../ports.ts'
import { missingUids } from '../../uids.ts'
import type { MailboxTable } from './mailboxes.ts'
import type { MessageLine, MessageTable } from './messages.ts'
import {
  packColumns,
  packMessages,
  packRows,
  type ChangesAnswer,
  type FlagsAnswer,
  type OpenAnswer,
  type PackedMessages,
} from './packing.ts'
import { Refusal } from './refusal.ts'
import { portionsOf } from './statements.ts'

export interface FlagsArgument {
  readonly mailbox: MailboxId
  readonly uids: Uint32Array
  readonly change: FlagChange
  readonly flags: number
  /** Separated by spaces. */
  readonly keywords: string
  /** Infinity when the change has no condition. */
  readonly unchangedSince: number
  readonly limits: MailStoreLimits
}

export interface ExpungeArgument {
  readonly mailbox: MailboxId
  /** All when undefined. */
  readonly uids: Uint32Array | undefined
  readonly limits: MailStoreLimits
}

/** Uids looked up at a time by `fetch`, and octets after which it leaves the rest to another call. */
const fetchPortion = 100
const fetchOctets = 4 * 1024 * 1024

/** What a session does in the mailbox it has selected. Each throws Refusal `noMailbox`. */
export class SelectedProcedures {
  readonly #mailboxes: MailboxTable
  readonly #messages: MessageTable

  constructor(mailboxes: MailboxTable, messages: MessageTable) {
    this.#mailboxes = mailboxes
    this.#messages = messages
  }

  open({ mailbox, claimRecent }: { mailbox: MailboxId; claimRecent: boolean }): OpenAnswer {
    const state = this.#mailboxes.selected(mailbox)
    const rows = packColumns(this.#messages.columns(mailbox))
    const firstRecent =
      state.recent === 0 ? state.messages : rows.uids.findIndex((uid) => uid >= state.recentFrom)
    if (claimRecent && state.recentFrom !== state.uidNext) {
      this.#mailboxes.save(Object.assign(state, { recent: 0, recentFrom: state.uidNext }))
    }
    return { mailbox: this.#mailboxes.view(mailbox), rows, firstRecent }
  }

  /** What was asked for, or its beginning when that is much. */
  fetch({ mailbox, uids }: { mailbox: MailboxId; uids: Uint32Array }): PackedMessages {
    this.#mailboxes.selected(mailbox)
    const lines = []
    let [taken, octets] = [0, 0]
    for (const portion of portionsOf(uids, fetchPortion)) {
      const found = this.#messages.records.lines(mailbox, portion)
      for (const line of found) octets += line[8].length + line[9].length
      lines.push(...found)
      taken += portion.length
      if (octets > fetchOctets) break
    }
    return packMessages(lines, taken)
  }

  /** Throws Refusal `limit` too. */
  changeFlags(argument: FlagsArgument): FlagsAnswer {
    const state = this.#mailboxes.selected(argument.mailbox)
    const admitted = this.#admit(state, argument)
    if (admitted.overflow) throw new Refusal('limit', `${state.name} has too many keywords`)
    const before = state.modseq
    const refused: number[] = []
    const changed: PackedRows[] = []
    for (const lines of this.#messages.portions(state.id, argument.uids)) {
      const changing = lines.filter(([, modseq]) => modseq <= argument.unchangedSince)
      if (changing.length > 0) changed.push(this.#change(state, before + 1, changing, argument, admitted))
      for (const [uid, modseq] of lines) if (modseq > argument.unchangedSince) refused.push(uid)
    }
    if (changed.length > 0) this.#mailboxes.save(state)
    const moved = state.modseq > before
    return { mailbox: state.id, owner: state.owner, moved, changed, refused: Uint32Array.from(refused) }
  }

  expunge({ mailbox, uids, limits }: ExpungeArgument) {
    const state = this.#mailboxes.selected(mailbox)
    const modseq = state.modseq + 1
    const vanished: number[] = []
    for (const portion of this.#messages.portions(mailbox, uids ?? this.#messages.deletedUids(mailbox))) {
      const lines = portion.filter(([, , flags]) => flags & deleted)
      if (lines.length > 0) state.modseq = modseq
      this.#messages.remove(state, lines, 'drop')
      for (const [uid] of lines) vanished.push(uid)
    }
    this.#messages.expunges.forget(state, limits.rememberedExpunges)
    if (vanished.length > 0) this.#mailboxes.save(state)
    return { owner: state.owner, vanished: Uint32Array.from(vanished), modseq: state.modseq }
  }

  changesSince({ mailbox, modseq }: { mailbox: MailboxId; modseq: number }): ChangesAnswer {
    const state = this.#mailboxes.selected(mailbox)
    const { uidNext, modseq: highestModseq, forgotten } = state
    const vanished =
      modseq < forgotten
        ? missingUids(this.#messages.uids(mailbox), uidNext)
        : this.#messages.expunges.since(mailbox, modseq)
    const changed = packColumns(this.#messages.columnsSince(mailbox, modseq))
    return { highestModseq, uidNext, changed, vanished: Uint32Array.from(vanished) }
  }

  #admit(state: MailboxState, { change, keywords, limits }: FlagsArgument): AdmittedKeywords {
    const [table, wanted] = [splitKeywords(state.keywords), splitKeywords(keywords)]
    return admitForChange(change, table, wanted, limits.keywordsPerMailbox, () =>
      this.#messages.keywordsInUse(state.id),
    )
  }

  /** Gives the lines their new flags; those that change get the new modseq. Returns the lines after it. */
  #change(
    state: MailboxState,
    modseq: number,
    lines: readonly MessageLine[],
    argument: FlagsArgument,
    { table, keywords }: AdmittedKeywords,
  ): PackedRows {
    const given = { system: argument.flags, keywords }
    state.keywords = table.join(' ')
    const changed = lines.map((line): MessageLine => {
      const [uid, , system, old, size, record] = line
      const next = changedFlags({ system, keywords: splitKeywords(old) }, argument.change, given, table)
      const text = next.keywords.join(' ')
      if (next.system === system && text === old) return line
      state.modseq = modseq
      this.#messages.setFlags(state, line, next.system, text)
      return [uid, modseq, next.system, text, size, record]
    })
    return packRows(changed)
  }
}
