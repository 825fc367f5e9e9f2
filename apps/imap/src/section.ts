import type { ContentStore } from '@cartero/content'
import type { FetchedItem, Partial, Section, SectionItem } from '@cartero/imap'
import type { StoredMessage } from '@cartero/mailstore'
import { HeaderBlock, sectionRange } from '@cartero/message'
import type { MaybePromise } from '@cartero/wire'
import { readableHeader, readOctets, streamOctets, type Range } from './message-octets.ts'

/** Octets that are read in one go; what is larger streams. */
export const READ_AT_ONCE: number = 64 * 1024

/** BODY[section]: the stored octets, byte for byte, or undefined when there is no such part (RFC 3501 §6.4.5). */
export function sectionItem(
  content: ContentStore,
  message: StoredMessage,
  { section, label, partial }: SectionItem,
): MaybePromise<FetchedItem> {
  const whole = rangeOf(message, section)
  if (whole === undefined) return { item: 'SECTION', label, octets: undefined }
  if (typeof section.text !== 'string')
    return headerFields(content, message, section, whole, { label, partial })
  const range = clipped(whole, partial)
  const size = range.end - range.start
  if (size > READ_AT_ONCE) {
    return { item: 'SECTION', label, size, source: streamOctets(content, message, range) }
  }
  return readOctets(content, message, range).then((octets) => ({ item: 'SECTION', label, octets }))
}

/** The part of a range that was asked for; beyond its end there is nothing (RFC 3501 §6.4.5). */
export function clipped({ start, end }: Range, partial: Partial | undefined): Range {
  if (partial === undefined) return { start, end }
  const from = Math.min(end, start + partial.start)
  return { start: from, end: Math.min(end, from + partial.count) }
}

function rangeOf(message: StoredMessage, { path, text }: Section): Range | undefined {
  // The whole message needs no index.
  if (path.length === 0 && text === 'all') return { start: 0, end: message.size }
  switch (text) {
    case 'all':
      return sectionRange(message.index, path, 'body')
    case 'MIME':
      return sectionRange(message.index, path, 'mime')
    case 'TEXT':
      return sectionRange(message.index, path, 'text')
    default:
      return sectionRange(message.index, path, 'header')
  }
}

/** Only the header is read. */
async function headerFields(
  content: ContentStore,
  message: StoredMessage,
  { text }: Section,
  header: Range,
  { label, partial }: { readonly label: string; readonly partial: Partial | undefined },
): Promise<FetchedItem> {
  const { fields, not } = text as Exclude<Section['text'], string>
  const block = HeaderBlock.parse(await readOctets(content, message, readableHeader(header)))
  const octets = block.select(fields, !not)
  const range = clipped({ start: 0, end: octets.length }, partial)
  return { item: 'SECTION', label, octets: octets.subarray(range.start, range.end) }
}
