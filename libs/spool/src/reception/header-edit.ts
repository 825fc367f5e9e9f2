import type { HeaderScanner } from '@cartero/message'

/** What a header becomes: its fields, whole and in order; undefined leaves it as it is. */
export type HeaderEdit = (header: HeaderScanner) => readonly Buffer[] | undefined

/** Holds a header back until it is whole, and lets it go changed. What is held is bounded by the header's limits. */
export class HeldHeader {
  readonly #edit: HeaderEdit
  #held: Buffer[] = []

  constructor(edit: HeaderEdit) {
    this.#edit = edit
  }

  /** Takes the message's next octets; gives those that may go on, which are none while the header goes on. */
  pass(octets: Buffer, header: HeaderScanner): Buffer | undefined {
    this.#held.push(octets)
    return header.ended === undefined && !header.exceeded ? undefined : this.release(header)
  }

  /** All that is held. A header beyond its limits goes as it came: it is refused in the end. */
  release(header: HeaderScanner): Buffer {
    const held = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held)
    this.#held = []
    const fieldsEnd = header.ended?.fieldsEnd
    const edited = fieldsEnd === undefined || header.exceeded ? undefined : this.#edit(header)
    return edited === undefined ? held : Buffer.concat([...edited, held.subarray(fieldsEnd)])
  }
}
