import type { Patience } from '@cartero/wire'
import type { Dialogue, Phase } from './dialogue.ts'
import type { IncomingMessage } from './incoming-message.ts'

/** Reads one chunk of a message, each piece as it comes: nothing is stuffed, and nothing in it ends it. */
// RFC 3030 §2
export class ChunkPhase implements Phase {
  readonly patience: Patience
  readonly #message: IncomingMessage
  readonly #octets: number
  readonly #isLast: boolean
  #left: number

  constructor({ policy }: Dialogue, message: IncomingMessage, octets: number, isLast: boolean) {
    this.patience = policy.dataPatience
    this.#message = message
    this.#octets = octets
    this.#isLast = isLast
    this.#left = octets
  }

  step(dialogue: Dialogue): boolean {
    const octets = dialogue.input.take(this.#left)
    if (octets === undefined) return false
    this.#left -= octets.length
    this.#message.takeChunk(octets, this.#taken)
    return true
  }

  readonly #taken = (): void => {
    if (this.#left === 0) this.#message.chunkEnded(this.#octets, this.#isLast)
  }
}
