import type { ContentStore } from '@cartero/content'
import type { BinaryItem, FetchedItem } from '@cartero/imap'
import { ImapRefusal } from '@cartero/imap/server'
import type { StoredMessage } from '@cartero/mailstore'
import { partAt, sectionRange, transferDecoder } from '@cartero/message'
import { streamOctets, type Range } from './message-octets.ts'

/** Octets that BINARY gives at a time. A client that wants more of a part asks for it piece by piece. */
export const MOST_BINARY: number = 64 * 1024 * 1024

const DECODABLE: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary', 'base64', 'quoted-printable'])

interface EncodedPart {
  readonly range: Range
  readonly encoding: string
}

/** BINARY[part]: the octets without their transfer encoding (RFC 9051 §6.4.5). */
export async function binaryItem(
  content: ContentStore,
  message: StoredMessage,
  { path, label, partial }: BinaryItem,
): Promise<FetchedItem> {
  const part = encodedPart(message, path)
  if (part === undefined) return { item: 'BINARY', label, octets: undefined }
  const start = partial?.start ?? 0
  const end = partial === undefined ? Infinity : start + partial.count
  const octets = await decodedOctets(content, message, part, { start, end })
  return { item: 'BINARY', label, octets }
}

/** BINARY.SIZE[part]: how many they are; nothing of them is kept. */
export async function binarySizeItem(
  content: ContentStore,
  message: StoredMessage,
  { path, label }: BinaryItem,
): Promise<FetchedItem> {
  const part = encodedPart(message, path)
  let octets = 0
  if (part !== undefined) {
    for await (const piece of decoded(content, message, part)) octets += piece.length
  }
  return { item: 'BINARY.SIZE', label, octets }
}

// RFC 3516 §4.3: UNKNOWN-CTE
function encodedPart(message: StoredMessage, path: readonly number[]): EncodedPart | undefined {
  const range = sectionRange(message.index, path, 'body')
  if (range === undefined) return undefined
  const part = path.length === 0 ? undefined : partAt(message.index, path)
  const isLeaf = part !== undefined && part.parts === undefined && part.message === undefined
  const encoding = isLeaf ? part.encoding : 'binary'
  if (DECODABLE.has(encoding)) return { range, encoding }
  throw new ImapRefusal({ code: 'UNKNOWN-CTE' }, 'Transfer encoding is not known')
}

async function decodedOctets(
  content: ContentStore,
  message: StoredMessage,
  part: EncodedPart,
  { start, end }: Range,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  let at = 0
  let size = 0
  for await (const piece of decoded(content, message, part)) {
    const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, end - at))
    at += piece.length
    size += wanted.length
    if (size > MOST_BINARY) throw new ImapRefusal({ code: 'LIMIT' }, 'Part is too large for one BINARY')
    if (wanted.length > 0) pieces.push(Buffer.from(wanted))
    if (at >= end) break
  }
  return Buffer.concat(pieces, size)
}

async function* decoded(
  content: ContentStore,
  message: StoredMessage,
  { range, encoding }: EncodedPart,
): AsyncGenerator<Buffer> {
  const decoder = transferDecoder(encoding)
  for await (const chunk of streamOctets(content, message, range)) yield decoder.write(chunk)
  yield decoder.end()
}
