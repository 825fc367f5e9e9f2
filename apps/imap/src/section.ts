import type { ContentStore } from '@cartero/content'
import type { FetchedItem, Partial, Section, SectionItem } from '@cartero/imap'
import { HeaderBlock, sectionRange } from '@cartero/message'
import type { MaybePromise } from '@cartero/wire'
import { MOST_SELECTED } from './message-cache.ts'
import { readableHeader, readOctets, streamOctets, type Range } from './message-octets.ts'
import type { ReadMessage } from './message-reader.ts'

/** Octets that are read in one go; what is larger streams. */
export const READ_AT_ONCE: number = 64 * 1024

/** BODY[section]: the stored octets, byte for byte, or undefined when there is no such part (RFC 3501 §6.4.5). */
export function sectionItem(
  content: ContentStore,
  message: ReadMessage,
  { section, label, partial }: SectionItem,
): MaybePromise<FetchedItem> {
  const whole = rangeOf(message, section)
  if (whole === undefined) return { item: 'SECTION', label, octets: undefined }
  if (typeof section.text !== 'string') {
    const fields = selectedFields(content, message, section.text, whole)
    return Buffer.isBuffer(fields)
      ? fieldsItem(fields, label, partial)
      : fields.then((read) => fieldsItem(read, label, partial))
  }
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

function rangeOf(message: ReadMessage, { path, text }: Section): Range | undefined {
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

function fieldsItem(fields: Buffer, label: string, partial: Partial | undefined): FetchedItem {
  const { start, end } = clipped({ start: 0, end: fields.length }, partial)
  return { item: 'SECTION', label, octets: fields.subarray(start, end) }
}

/** Only as much of the header is read as is looked at, and what was selected is kept with a message that is kept. */
function selectedFields(
  content: ContentStore,
  message: ReadMessage,
  text: Exclude<Section['text'], string>,
  header: Range,
): MaybePromise<Buffer> {
  const selection = `${header.start} ${text.not ? '!' : ''}${text.fields.join(' ')}`
  if ('selected' in message && message.selected?.label === selection) return message.selected.octets
  return readOctets(content, message, readableHeader(header)).then((read) => {
    const octets = HeaderBlock.parse(read).select(text.fields, !text.not)
    const keep = 'selected' in message && octets.length <= MOST_SELECTED
    if (keep) message.selected = { label: selection, octets }
    return octets
  })
}
