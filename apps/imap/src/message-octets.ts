import type { ContentId, ContentStore } from '@cartero/content'
import { HEADER_LIMITS } from '@cartero/message'

/** Where a message's octets are: `prefix`, then the content. */
export interface StoredOctets {
  readonly prefix: Buffer
  readonly content: ContentId
  /** Of both. */
  readonly size: number
}

/** Half-open, in octets of the message. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** All octets of a range at once: for what is known to be small. */
export async function readOctets(
  store: ContentStore,
  message: StoredOctets,
  { start, end }: Range,
): Promise<Buffer> {
  const { prefix, content } = message
  if (end <= start) return EMPTY
  if (end <= prefix.length) return prefix.subarray(start, end)
  const range = { start: Math.max(0, start - prefix.length), end: end - prefix.length }
  const rest = await store.read(content, range)
  return start >= prefix.length ? rest : Buffer.concat([prefix.subarray(start), rest])
}

/** The octets of a range piece by piece; memory is bounded whatever the size. */
export async function* streamOctets(
  store: ContentStore,
  message: StoredOctets,
  { start, end }: Range,
): AsyncGenerator<Buffer> {
  const { prefix, content } = message
  if (start < prefix.length) yield prefix.subarray(start, Math.min(end, prefix.length))
  if (end <= prefix.length) return
  yield* store.get(content, { start: Math.max(0, start - prefix.length), end: end - prefix.length })
}

/**
 * As much of a header as is ever looked at: a stranger's may be as long as a message. One octet more than the limit tells
 * a header that was cut.
 */
export function readableHeader({ start, end }: Range): Range {
  return { start, end: Math.min(end, start + HEADER_LIMITS.headerOctets + 1) }
}

const EMPTY = Buffer.alloc(0)
