import { setImmediate as turn } from 'node:timers/promises'
import type { ContentId, ContentStore } from '@cartero/content'
import type { NewMessage } from '@cartero/mailstore'
import { MessageIndexer, shiftedIndex, type MessageIndex, type Shift } from '@cartero/message'

/** Octets up to which a message is read at once to be indexed; a larger one streams, so that memory is bounded. */
const READ_AT_ONCE = 128 * 1024

/**
 * Octets that are indexed before everybody else gets a turn of the event loop. What was accepted just now comes out of
 * memory, and a message made for it takes a second for each 25 MB.
 */
const TURN_OCTETS = 256 * 1024

const LF = 0x0a

/** A message that is to be put into mailboxes. */
export interface Letter {
  readonly content: ContentId
  /** Octets of the content. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** For each account once, however often it is tried. */
  readonly key: string
  /** The structure of the content without fields in front, if it is known. */
  readonly index?: MessageIndex | undefined
}

/** One copy: whose, and the trace fields in front of it. */
export interface Copy {
  readonly account: string
  readonly prefix: Buffer
}

/** Makes what is appended: the structure indexed once for all time, and once for all copies. */
export class Packer {
  readonly #content: Pick<ContentStore, 'read' | 'get'>
  #sinceTurn = 0

  constructor(content: Pick<ContentStore, 'read' | 'get'>) {
    this.#content = content
  }

  /** In the order of the copies. Rejects with ContentStoreError when the octets cannot be read. */
  async pack(letter: Letter, copies: readonly Copy[]): Promise<readonly NewMessage[]> {
    const [first] = copies
    if (first === undefined) return []
    // However many mailboxes it goes to, a message is read once: they differ in the fields in front only.
    const index =
      letter.index === undefined ? await this.#read(letter, first.prefix) : behind(letter.index, first.prefix)
    return copies.map((copy) =>
      newMessage(letter, copy, shiftedIndex(index, difference(first.prefix, copy.prefix))),
    )
  }

  async #read({ content, size }: Letter, prefix: Buffer): Promise<MessageIndex> {
    const indexer = new MessageIndexer()
    indexer.write(prefix)
    if (size <= READ_AT_ONCE) {
      indexer.write(await this.#content.read(content))
      if (this.#isTurn(size)) await turn()
    } else {
      for await (const piece of this.#content.get(content)) {
        indexer.write(piece)
        if (this.#isTurn(piece.length)) await turn()
      }
    }
    return indexer.end()
  }

  #isTurn(octets: number): boolean {
    this.#sinceTurn += octets
    if (this.#sinceTurn < TURN_OCTETS) return false
    this.#sinceTurn = 0
    return true
  }
}

function newMessage(
  { content, size, receivedAt, key }: Letter,
  { account, prefix }: Copy,
  index: MessageIndex,
): NewMessage {
  return {
    account,
    mailbox: 'INBOX',
    content,
    prefix,
    index,
    size: prefix.length + size,
    flags: [],
    internalDate: receivedAt,
    idempotencyKey: key,
  }
}

/** The index of the content behind these fields. */
function behind(index: MessageIndex, prefix: Buffer): MessageIndex {
  return shiftedIndex(index, { octets: prefix.length, lines: linesOf(prefix) })
}

function difference(from: Buffer, to: Buffer): Shift {
  return { octets: to.length - from.length, lines: linesOf(to) - linesOf(from) }
}

function linesOf(octets: Buffer): number {
  let lines = 0
  for (let at = octets.indexOf(LF); at >= 0; at = octets.indexOf(LF, at + 1)) lines++
  return lines
}
