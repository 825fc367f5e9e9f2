import { setImmediate as turn } from 'node:timers/promises'
import type { ContentStore } from '@cartero/content'
import type { NewMessage } from '@cartero/mailstore'
import { MessageIndexer, shiftedIndex, type MessageIndex, type Shift } from '@cartero/message'
import type { Delivery } from '@cartero/spool'
import { finalPrefix } from './final-trace.ts'

/** Octets up to which a message is read at once to be indexed; a larger one streams, so that memory is bounded. */
const READ_AT_ONCE = 128 * 1024

/**
 * Octets that are indexed before everybody else gets a turn of the event loop. What was accepted just now comes out of
 * memory, and a message made for it takes a second for each 25 MB.
 */
const TURN_OCTETS = 256 * 1024

const LF = 0x0a

/** One message for one mailbox, ready to be appended. */
export interface Parcel {
  readonly delivery: Delivery
  readonly append: NewMessage
}

/** Makes parcels of deliveries: trace fields in front, structure indexed once for all time. */
export class Packer {
  readonly #content: ContentStore
  #sinceTurn = 0

  constructor(content: ContentStore) {
    this.#content = content
  }

  /** One parcel for each recipient with an account. Rejects with ContentStoreError when the octets cannot be read. */
  async pack(delivery: Delivery): Promise<readonly Parcel[]> {
    const { message } = delivery
    const parcels: Parcel[] = []
    // However many mailboxes it goes to, a message is read once: they differ in the fields in front only.
    let known: { readonly prefix: Buffer; readonly index: MessageIndex } | undefined
    for (const recipient of delivery.recipients) {
      if (recipient.account === '') continue
      const prefix = finalPrefix(message, recipient)
      known ??= { prefix, index: await this.#index(message.content, message.size, prefix) }
      const index = shiftedIndex(known.index, difference(known.prefix, prefix))
      parcels.push({ delivery, append: newMessage(delivery, recipient.account, prefix, index) })
    }
    return parcels
  }

  async #index(id: NewMessage['content'], size: number, prefix: Buffer): Promise<MessageIndex> {
    const indexer = new MessageIndexer()
    indexer.write(prefix)
    if (size <= READ_AT_ONCE) {
      indexer.write(await this.#content.read(id))
      if (this.#isTurn(size)) await turn()
    } else {
      for await (const piece of this.#content.get(id)) {
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
  { id, message }: Delivery,
  account: string,
  prefix: Buffer,
  index: MessageIndex,
): NewMessage {
  return {
    account,
    mailbox: 'INBOX',
    content: message.content,
    prefix,
    index,
    size: prefix.length + message.size,
    flags: [],
    internalDate: message.acceptedAt,
    idempotencyKey: id,
  }
}

function difference(from: Buffer, to: Buffer): Shift {
  return { octets: to.length - from.length, lines: linesOf(to) - linesOf(from) }
}

function linesOf(octets: Buffer): number {
  let lines = 0
  for (let at = octets.indexOf(LF); at >= 0; at = octets.indexOf(LF, at + 1)) lines++
  return lines
}
