import type { Patience } from '@cartero/wire'
import { DataReader } from '../framing/data-reader.ts'
import type { Dialogue, Phase } from './dialogue.ts'
import type { IncomingMessage } from './incoming-message.ts'

/** Reads a message until its end, whatever is wrong with it, so that both sides stay in step. */
// RFC 5321 §4.1.1.4
export class DataPhase implements Phase {
  readonly patience: Patience
  readonly #message: IncomingMessage
  readonly #reader = new DataReader()

  constructor({ policy }: Dialogue, message: IncomingMessage) {
    this.patience = policy.dataPatience
    this.#message = message
  }

  step(dialogue: Dialogue): boolean {
    if (dialogue.input.buffered === 0) return false
    const octets = this.#reader.read(dialogue.input.takeAll())
    if (this.#reader.rest !== undefined) dialogue.input.push(this.#reader.rest)
    this.#message.takeData(octets, this.#reader, this.#taken)
    return true
  }

  readonly #taken = (): void => {
    if (this.#reader.ended) this.#message.end()
  }
}
