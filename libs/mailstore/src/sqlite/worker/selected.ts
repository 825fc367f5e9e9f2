import { changedFlags, deleted, type AdmittedKeywords } from '../../flags.ts'
import type { MailStoreLimits } from '../../limits.ts'
import type { FlagChange, MailboxId } from '../../ports.ts'
import { admit, splitKeywords } from './keywords.ts'
import type { MailboxState, MailboxTable } from './mailboxes.ts'
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
    const rows = packColumns(this.#messages.columns(state), state.messages)
    const firstRecent =
      state.recent === 0 ? state.messages : rows.uids.findIndex((uid) => uid >= state.recentFrom)
    if (claimRecent && state.recentFrom !== state.uidNext) {
      this.#mailboxes.save(Object.assign(state, { recent: 0, recentFrom: state.uidNext }))
    }
    return { mailbox: this.#mailboxes.view(mailbox), rows, firstRecent }
  }

  fetch({ mailbox, uids }: { mailbox: MailboxId; uids: Uint32Array }): PackedMessages {
    this.#mailboxes.selected(mailbox)
    return packMessages(this.#messages.records.lines(mailbox, uids))
  }

  /** Throws Refusal `limit` too. */
  changeFlags(argument: FlagsArgument): FlagsAnswer {
    const state = this.#mailboxes.selected(argument.mailbox)
    const admitted = this.#admit(state, argument)
    if (admitted.overflow) throw new Refusal('limit', `${state.name} has too many keywords`)
    const lines = this.#messages.lines(state.id, argument.uids)
    const changing = lines.filter(([, modseq]) => modseq <= argument.unchangedSince)
    const refused = lines.filter(([, modseq]) => modseq > argument.unchangedSince)
    const before = state.modseq
    const changed = changing.length > 0 ? this.#change(state, changing, argument, admitted) : []
    return {
      mailbox: state.id,
      owner: state.owner,
      moved: state.modseq > before,
      changed: packRows(changed),
      refused: Uint32Array.from(refused, ([uid]) => uid),
    }
  }

  expunge({
    mailbox,
    uids,
    limits,
  }: {
    mailbox: MailboxId
    uids: Uint32Array | undefined
    limits: MailStoreLimits
  }) {
    const state = this.#mailboxes.selected(mailbox)
    const lines = this.#messages.lines(mailbox, uids).filter(([, , flags]) => flags & deleted)
    this.#messages.remove(state, lines, 'drop', limits.rememberedExpunges)
    if (lines.length > 0) this.#mailboxes.save(state)
    return { owner: state.owner, vanished: Uint32Array.from(lines, ([uid]) => uid), modseq: state.modseq }
  }

  changesSince({ mailbox, modseq }: { mailbox: MailboxId; modseq: number }): ChangesAnswer {
    const state = this.#mailboxes.selected(mailbox)
    const { uidNext, modseq: highestModseq, forgotten } = state
    const vanished =
      modseq < forgotten ? this.#missing(state) : this.#messages.expunges.since(mailbox, modseq)
    const changed = packRows(this.#messages.linesSince(mailbox, modseq))
    return { highestModseq, uidNext, changed, vanished: Uint32Array.from(vanished) }
  }

  #admit(state: MailboxState, { change, keywords, limits }: FlagsArgument): AdmittedKeywords {
    const table = splitKeywords(state.keywords)
    if (change !== 'remove') return admit(this.#messages, state, keywords, limits.keywordsPerMailbox)
    const asked = new Set(keywords.toLowerCase().split(' '))
    return { table, keywords: table.filter((each) => asked.has(each.toLowerCase())), overflow: false }
  }

  /** Gives the lines their new flags; those that change get the mailbox's next modseq. Returns the lines after it. */
  #change(
    state: MailboxState,
    lines: readonly MessageLine[],
    argument: FlagsArgument,
    admitted: AdmittedKeywords,
  ) {
    const { table, keywords } = admitted
    const given = { system: argument.flags, keywords }
    const [before, modseq] = [state.modseq, state.modseq + 1]
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
    if (state.modseq > before || table.length > 0) this.#mailboxes.save(state)
    return changed
  }

  #missing({ id, uidNext }: MailboxState): number[] {
    const there = new Set(this.#messages.lines(id).map(([uid]) => uid))
    const missing: number[] = []
    for (let uid = 1; uid < uidNext; uid++) if (!there.has(uid)) missing.push(uid)
    return missing
  }
}
