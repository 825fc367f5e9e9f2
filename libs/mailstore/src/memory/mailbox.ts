import type { ContentId } from '@cartero/content'
import type { MessageIndex } from '@cartero/message'

import {
  admitKeywords,
  changedFlags,
  deleted,
  formatFlags,
  parseFlags,
  sameFlags,
  seen,
  type FlagSet,
} from '../flags.ts'
import type { MailStoreLimits } from '../limits.ts'
import {
  MailStoreError,
  type AccountId,
  type Flag,
  type FlagChange,
  type Mailbox,
  type MailboxChanges,
  type MailboxId,
  type MessageRow,
  type SpecialUse,
  type StoredMessage,
} from '../ports.ts'

/** What a message is made of, wherever it lies. */
export interface MessageRecord {
  readonly internalDate: number
  readonly size: number
  readonly content: ContentId
  readonly prefix: Buffer
  readonly index: MessageIndex
}

interface KeptMessage {
  readonly uid: number
  readonly record: MessageRecord
  flags: FlagSet
  modseq: number
}

interface Expunge {
  readonly uid: number
  readonly modseq: number
}

export interface MailboxIdentity {
  readonly id: MailboxId
  readonly account: AccountId
  readonly uidValidity: number
  readonly noSelect: boolean
  readonly specialUse?: SpecialUse
}

/** A mailbox and its messages. Every method that writes moves the modseq once. */
export class MemoryMailbox {
  readonly identity: MailboxIdentity
  name: string
  readonly #limits: MailStoreLimits
  /** By uid; as uids only ascend, the order of insertion is theirs. */
  readonly #messages = new Map<number, KeptMessage>()
  #uidNext = 1
  #modseq = 1
  #size = 0
  /** Messages with this uid or a higher one are \Recent. */
  #recentFrom = 1
  #keywords: readonly string[] = []
  #expunges: Expunge[] = []
  /** Expunges up to this modseq may have been forgotten. */
  #forgotten = 0

  constructor(name: string, identity: MailboxIdentity, limits: MailStoreLimits) {
    this.name = name
    this.identity = identity
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  get modseq(): number {
    return this.#modseq
  }

  /** Uids that are left. */
  get room(): number {
    return this.#limits.lastUid + 1 - this.#uidNext
  }

  get uids(): readonly number[] {
    return [...this.#messages.keys()]
  }

  view(subscribed: boolean): Mailbox {
    const messages = [...this.#messages.values()]
    return {
      ...this.identity,
      name: this.name,
      uidNext: this.#uidNext,
      highestModseq: this.#modseq,
      messages: messages.length,
      unseen: messages.filter(({ flags }) => !(flags.system & seen)).length,
      recent: messages.filter(({ uid }) => uid >= this.#recentFrom).length,
      size: this.#size,
      subscribed,
      keywords: this.#keywords,
    }
  }

  append(record: MessageRecord, flags: readonly Flag[]): { uid: number; modseq: number } {
    const given = parseFlags(flags, this.#limits.keywordOctets)
    const { table, keywords } = this.#admit(given)
    this.#keywords = table
    this.#modseq++
    return this.#keep(record, { ...given, keywords })
  }

  /** The source's messages in order; those that are gone are left out. */
  copyFrom(source: MemoryMailbox, uids: readonly number[]): [number, number][] {
    const messages = source.#those(uids)
    if (messages.length > 0) this.#modseq++
    return messages.map(({ uid, record, flags }) => {
      const { table, keywords } = this.#admit(flags)
      this.#keywords = table
      return [uid, this.#keep(record, { ...flags, keywords }).uid]
    })
  }

  changeFlags(uids: readonly number[], change: FlagChange, flags: readonly Flag[], unchangedSince: number) {
    const given = parseFlags(flags, this.#limits.keywordOctets)
    const { table, keywords, overflow } = change === 'remove' ? this.#known(given) : this.#admit(given)
    if (overflow) throw new MailStoreError('limit', `${this.name} has too many keywords`)
    const messages = this.#those(uids)
    const refused = messages.filter(({ modseq }) => modseq > unchangedSince).map(({ uid }) => uid)
    const changing = messages.filter(({ modseq }) => modseq <= unchangedSince)
    if (changing.length > 0) this.#keywords = table
    let moved = false
    for (const message of changing) {
      const next = changedFlags(message.flags, change, { ...given, keywords }, this.#keywords)
      if (sameFlags(message.flags, next)) continue
      message.flags = next
      message.modseq = this.#modseq + 1
      moved = true
    }
    if (moved) this.#modseq++
    return { changed: changing.map(rowOf), refused, moved }
  }

  expunge(uids?: readonly number[]): number[] {
    const messages = uids === undefined ? [...this.#messages.values()] : this.#those(uids)
    return this.remove(messages.filter(({ flags }) => flags.system & deleted).map(({ uid }) => uid))
  }

  remove(uids: readonly number[]): number[] {
    const messages = this.#those(uids)
    if (messages.length > 0) this.#modseq++
    for (const { uid, record } of messages) {
      this.#messages.delete(uid)
      this.#size -= record.size
      this.#expunges.push({ uid, modseq: this.#modseq })
    }
    this.#forget()
    return messages.map(({ uid }) => uid)
  }

  rows(): MessageRow[] {
    return [...this.#messages.values()].map(rowOf)
  }

  recent(claim: boolean): number[] {
    const recent = this.uids.filter((uid) => uid >= this.#recentFrom)
    if (claim) this.#recentFrom = this.#uidNext
    return recent
  }

  fetch(uids: readonly number[]): StoredMessage[] {
    return this.#those(uids).map((message) => ({ ...rowOf(message), ...message.record }))
  }

  changesSince(modseq: number): MailboxChanges {
    const changed = [...this.#messages.values()].filter((message) => message.modseq > modseq)
    return {
      highestModseq: this.#modseq,
      uidNext: this.#uidNext,
      changed: changed.toSorted((a, b) => a.modseq - b.modseq || a.uid - b.uid).map(rowOf),
      vanished: modseq < this.#forgotten ? this.#missing() : this.#expungedSince(modseq),
    }
  }

  *contents(): Iterable<ContentId> {
    for (const { record } of this.#messages.values()) yield record.content
  }

  octetsOf(uids: readonly number[]): number {
    return this.#those(uids).reduce((octets, { record }) => octets + record.size, 0)
  }

  countOf(uids: readonly number[]): number {
    return this.#those(uids).length
  }

  #expungedSince(modseq: number): number[] {
    return this.#expunges.filter((expunge) => expunge.modseq > modseq).map(({ uid }) => uid)
  }

  #missing(): number[] {
    const missing: number[] = []
    for (let uid = 1; uid < this.#uidNext; uid++) if (!this.#messages.has(uid)) missing.push(uid)
    return missing
  }

  #forget(): void {
    const excess = this.#expunges.length - this.#limits.rememberedExpunges
    if (excess <= 0) return
    this.#forgotten = this.#expunges[excess - 1]?.modseq ?? 0
    this.#expunges = this.#expunges.slice(excess)
  }

  #keep(record: MessageRecord, flags: FlagSet): { uid: number; modseq: number } {
    const message = { uid: this.#uidNext++, record, flags, modseq: this.#modseq }
    this.#messages.set(message.uid, message)
    this.#size += record.size
    return message
  }

  #admit(flags: FlagSet) {
    return admitKeywords(
      this.#keywords,
      flags.keywords,
      this.#limits.keywordsPerMailbox,
      () => new Set([...this.#messages.values()].flatMap((message) => message.flags.keywords)),
    )
  }

  /** Of what is taken away, only what is there matters. */
  #known(flags: FlagSet) {
    const asked = new Set(flags.keywords.map((keyword) => keyword.toLowerCase()))
    const keywords = this.#keywords.filter((keyword) => asked.has(keyword.toLowerCase()))
    return { table: this.#keywords, keywords, overflow: false }
  }

  #those(uids: readonly number[]): KeptMessage[] {
    const wanted = [...new Set(uids)].toSorted((a, b) => a - b)
    return wanted.map((uid) => this.#messages.get(uid)).filter((message) => message !== undefined)
  }
}

function rowOf({ uid, flags, modseq }: KeptMessage): MessageRow {
  return { uid, flags: formatFlags(flags), modseq }
}
