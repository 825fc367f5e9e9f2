import type { ContentId } from '@cartero/content'
import type { MailboxId, StoredMessage } from '@cartero/mailstore'
import type { MessageIndex } from '@cartero/message'

/** What of a stored message never changes. */
export interface KeptMessage {
  readonly uid: number
  readonly internalDate: number
  readonly size: number
  readonly content: ContentId
  readonly prefix: Buffer
  readonly index: MessageIndex
  /** The header fields that were asked for last: clients ask for the same ones of every message. */
  selected: { readonly label: string; readonly octets: Buffer } | undefined
}

/** Octets of one message's selected fields that are kept beside it. */
export const MOST_SELECTED = 2_048

/** What an entry costs beside its index: the objects themselves and the selected fields. */
const ENTRY_OCTETS = 1_024

/**
 * Messages that were read lately, so that the next reader of the same mailbox costs the store nothing. Uids and mailbox
 * numbers are never used again and octets never change, so nothing here can be out of date.
 *
 * Two generations: when the young one is full it becomes the old one, and what is still asked for moves back.
 */
export class MessageCache {
  readonly #generationOctets: number
  #young = new Map<string, KeptMessage>()
  #old = new Map<string, KeptMessage>()
  #youngOctets = 0

  /** @param octets that all entries may have together, roughly; 0 keeps nothing */
  constructor(octets: number) {
    this.#generationOctets = octets / 2
  }

  get(mailbox: MailboxId, uid: number): KeptMessage | undefined {
    const key = `${mailbox} ${uid}`
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.#put(key, old)
    return old
  }

  /** Keeps a copy that holds on to nothing of the portion in which the message came. */
  keep(mailbox: MailboxId, message: StoredMessage): KeptMessage {
    const { uid, internalDate, size, content, index } = message
    const prefix = Buffer.from(message.prefix)
    const kept: KeptMessage = { uid, internalDate, size, content, prefix, index, selected: undefined }
    this.#put(`${mailbox} ${uid}`, kept)
    return kept
  }

  #put(key: string, message: KeptMessage): void {
    const octets = costOf(message)
    if (octets > this.#generationOctets) return
    if (this.#youngOctets + octets > this.#generationOctets) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngOctets = 0
    }
    this.#young.set(key, message)
    this.#youngOctets += octets
  }
}

/** An index as objects takes about twice what it takes as text. A message of a thousand parts must not count as one. */
function costOf({ prefix, index }: KeptMessage): number {
  return ENTRY_OCTETS + MOST_SELECTED / 2 + prefix.length + 2 * JSON.stringify(index).length
}
