import { MessageIndexer, textOf, type MessageIndex, type Part } from '@cartero/message'

/** Parts of a message whose index is handed on. More are found again when it is delivered: what waits in memory stays small. */
export const MOST_INDEXED_PARTS = 20
/** Octets of its header, for the addresses in it. */
export const MOST_INDEXED_HEADER = 8 * 1024

/** Octets of a Message-ID that is told; a line has no more (RFC 5322 §2.1.1). */
export const LONGEST_MESSAGE_ID = 998

export interface IndexedContent {
  /** Undefined when it is not small. */
  readonly index: MessageIndex | undefined
  /** As it stands there, with its angle brackets if it has them. */
  readonly messageId: string | undefined
}

/** Looks at the structure of a message while it passes, so that nobody has to read it again to deliver it. */
export class ContentIndex {
  readonly #indexer = new MessageIndexer()

  write(octets: Buffer): void {
    this.#indexer.write(octets)
  }

  end(): IndexedContent {
    const index = this.#indexer.end()
    const isSmall = index.headerLength <= MOST_INDEXED_HEADER && partsOf(index.root) <= MOST_INDEXED_PARTS
    const { messageId } = index.envelope
    return {
      index: isSmall ? index : undefined,
      messageId:
        messageId !== undefined && messageId.length <= LONGEST_MESSAGE_ID ? textOf(messageId) : undefined,
    }
  }
}

function partsOf({ parts = [], message }: Part): number {
  const inner = message === undefined ? parts : [...parts, message.root]
  return inner.reduce((sum, part) => sum + partsOf(part), 1)
}
