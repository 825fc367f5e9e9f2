import type { ContentStore } from '@cartero/content'
import { decodeEncodedWords, HeaderBlock, parameter, PartTextDecoder, type Part } from '@cartero/message'
import { readableHeader, readOctets, streamOctets, type Range } from './message-octets.ts'
import type { ReadMessage } from './message-reader.ts'
import { folded, type Needle } from './search-criteria.ts'

/** Messages up to this many octets are read in one go; of larger ones part by part, piece by piece. */
const READ_AT_ONCE = 128 * 1024

export async function readHeader(content: ContentStore, message: ReadMessage): Promise<HeaderBlock> {
  return HeaderBlock.parse(await readOctets(content, message, headerOf(message)))
}

/** Which of the needles occur in what a person would read of the message: header fields and texts, decoded. */
export async function readTexts(
  content: ContentStore,
  message: ReadMessage,
  needles: readonly Needle[],
): Promise<readonly boolean[]> {
  const search = new TextSearch(needles)
  const octets = await octetsOf(content, message)
  const { root } = message.index
  if (search.looksInHeader) {
    const header = HeaderBlock.parse(await joined(octets(headerOf(message))))
    for (const field of header.fields) {
      search.begin()
      search.inHeader(`${field.name}: ${decodeEncodedWords(field.value)}`)
    }
  }
  for (const part of textParts(root)) {
    if (search.isOver) break
    await searchPart(search, part, octets)
  }
  return search.found
}

function headerOf({ index: { root } }: ReadMessage): Range {
  return readableHeader({ start: root.headerStart, end: root.bodyStart })
}

type Octets = (range: Range) => AsyncIterable<Buffer> | Iterable<Buffer>

/** Gives ranges of a message: out of one reading when it is small. */
async function octetsOf(content: ContentStore, message: ReadMessage): Promise<Octets> {
  if (message.size > READ_AT_ONCE) return (range) => streamOctets(content, message, range)
  const all = await readOctets(content, message, { start: 0, end: message.size })
  return ({ start, end }) => [all.subarray(start, end)]
}

async function joined(pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of pieces) all.push(piece)
  return all.length === 1 ? all[0]! : Buffer.concat(all)
}

/** Leaves with text in them, also of messages within. Attachments are not searched. */
function* textParts(part: Part): Generator<Part> {
  if (part.message !== undefined) yield* textParts(part.message.root)
  else if (part.parts !== undefined) for (const child of part.parts) yield* textParts(child)
  else if (part.type === 'text') yield part
}

async function searchPart(search: TextSearch, part: Part, octets: Octets): Promise<void> {
  const decoder = new PartTextDecoder(part.encoding, parameter(part.parameters, 'charset'))
  search.begin()
  for await (const piece of octets({ start: part.bodyStart, end: part.bodyEnd })) {
    search.inBody(decoder.write(piece))
    if (search.isOver) return
  }
  search.inBody(decoder.end())
}

/** Looks for several texts in one pass over a text that comes in pieces. */
class TextSearch {
  readonly found: boolean[]
  readonly #needles: readonly Needle[]
  readonly #overlap: number
  /** The end of what came before, in which a needle may have begun. */
  #tail = ''

  constructor(needles: readonly Needle[]) {
    this.#needles = needles
    this.found = needles.map(({ text }) => text === '')
    this.#overlap = Math.max(...needles.map(({ text }) => text.length)) - 1
  }

  get looksInHeader(): boolean {
    return this.#needles.some(({ inHeader }) => inHeader)
  }

  get isOver(): boolean {
    return this.found.every(Boolean)
  }

  /** What comes next does not go on from what came before. */
  begin(): void {
    this.#tail = ''
  }

  inHeader(text: string): void {
    this.#look(text, true)
  }

  inBody(text: string): void {
    this.#look(text, false)
  }

  #look(text: string, header: boolean): void {
    const lower = this.#tail + folded(text)
    this.#needles.forEach((needle, number) => {
      if (this.found[number] || (header && !needle.inHeader)) return
      if (lower.includes(needle.text)) this.found[number] = true
    })
    this.#tail = this.#overlap > 0 ? lower.slice(-this.#overlap) : ''
  }
}
