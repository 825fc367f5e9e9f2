import { encodedWords, LINE_LENGTH } from '../field/encoded-word-encoder.ts'
import type { OctetString } from '../octet-string.ts'

/** With fewer columns left, an encoded-word begins in the next line. */
const SMALLEST_ROOM = 30

/** Writes one field in ASCII, folded where it has white space. */
export class FieldWriter {
  #text: string
  #column: number
  #isEmpty = true

  constructor(name: string) {
    this.#text = `${name}:`
    this.#column = this.#text.length
  }

  /** A word and the white space before it, which the first word has in any case. */
  add(word: string, space: string = ' '): this {
    const before = this.#isEmpty && space === '' ? ' ' : space
    this.#isEmpty = false
    if (before !== '' && this.#column > 1 && this.#column + before.length + word.length > LINE_LENGTH) {
      this.#text += '\r\n'
      this.#column = 0
    }
    this.#text += before + word
    this.#column += before.length + word.length
    return this
  }

  /** Octets as encoded-words; `before` and `after` stand directly at the first and the last of them. */
  addEncoded(octets: OctetString, space: string = ' ', before: string = '', after: string = ''): this {
    const left = LINE_LENGTH - this.#column - space.length - before.length
    const words = encodedWords(octets, left < SMALLEST_ROOM ? undefined : left)
    for (const [index, word] of words.entries()) {
      const text = (index === 0 ? before : '') + word + (index === words.length - 1 ? after : '')
      this.add(text, index === 0 ? space : ' ')
    }
    return this
  }

  /** The field with its line end. */
  end(): Buffer {
    return Buffer.from(`${this.#text}\r\n`, 'latin1')
  }
}
