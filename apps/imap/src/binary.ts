import type { ContentStore } from '@cartero/content'
import type { BinaryItem, FetchedItem } from '@cartero/imap'
import { ImapRefusal } from '@cartero/imap/server'
import { partAt, sectionRange, transferDecoder } from '@cartero/message'
import { streamOctets, type Range } from './message-octets.ts'
import type { ReadMessage } from './message-reader.ts'
import { clipped, READ_AT_ONCE } from './section.ts'

const DECODABLE: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary', 'base64', 'quoted-printable'])

interface EncodedPart {
  readonly range: Range
  readonly encoding: string
}

/** BINARY[part]: the octets without their transfer encoding (RFC 9051 §6.4.5). Large parts are decoded twice, and never held. */
export async function binaryItem(
  content: ContentStore,
  message: ReadMessage,
  { path, label, partial }: BinaryItem,
): Promise<FetchedItem> {
  const part = encodedPart(message, path)
  if (part === undefined) return { item: 'BINARY', label, octets: undefined }
  const pieces = () => clippedPieces(decoded(content, message, part), clipped(EVERYTHING, partial))
  if (part.range.end - part.range.start > READ_AT_ONCE) {
    return { item: 'BINARY', label, size: await sizeOf(pieces()), source: pieces() }
  }
  const octets: Buffer[] = []
  for await (const piece of pieces()) octets.push(piece)
  return { item: 'BINARY', label, octets: Buffer.concat(octets) }
}

const EVERYTHING: Range = { start: 0, end: Number.MAX_SAFE_INTEGER }

/** BINARY.SIZE[part]: how many they are; nothing of them is kept. */
export async function binarySizeItem(
  content: ContentStore,
  message: ReadMessage,
  { path, label }: BinaryItem,
): Promise<FetchedItem> {
  const part = encodedPart(message, path)
  const octets = part === undefined ? 0 : await sizeOf(decoded(content, message, part))
  return { item: 'BINARY.SIZE', label, octets }
}

async function sizeOf(pieces: AsyncIterable<Buffer>): Promise<number> {
  let size = 0
  for await (const piece of pieces) size += piece.length
  return size
}

// RFC 3516 §4.3: UNKNOWN-CTE
function encodedPart(message: ReadMessage, path: readonly number[]): EncodedPart | undefined {
  const range = sectionRange(message.index, path, 'body')
  if (range === undefined) return undefined
  const part = path.length === 0 ? undefined : partAt(message.index, path)
  const isLeaf = part !== undefined && part.parts === undefined && part.message === undefined
  const encoding = isLeaf ? part.encoding : 'binary'
  if (DECODABLE.has(encoding)) return { range, encoding }
  throw new ImapRefusal({ code: 'UNKNOWN-CTE' }, 'Transfer encoding is not known')
}

/** What of the pieces lies in the range. */
async function* clippedPieces(pieces: AsyncIterable<Buffer>, { start, end }: Range): AsyncGenerator<Buffer> {
  let at = 0
  for await (const piece of pieces) {
    const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, end - at))
    at += piece.length
    if (wanted.length > 0) yield wanted
    if (at >= end) return
  }
}

async function* decoded(
  content: ContentStore,
  message: ReadMessage,
  { range, encoding }: EncodedPart,
): AsyncGenerator<Buffer> {
  const decoder = transferDecoder(encoding)
  for await (const chunk of streamOctets(content, message, range)) yield decoder.write(chunk)
  yield decoder.end()
}
