import type { HeaderBlock, HeaderField } from '@cartero/message'
import { makeMessageId, parseMessageId } from '@cartero/syntax'

export interface MessageIdSource {
  readonly hostname: string
  readonly now: () => number
  readonly random: (octets: number) => Uint8Array
}

// RFC 6409 §8.3
export function messageIdField({ hostname, now, random }: MessageIdSource): string {
  return `Message-ID: ${makeMessageId(hostname, now, random)}\r\n`
}

/** What is called Message-ID and is none: it goes, and the message gets one that threads can be built on. */
// RFC 6409 §8.3
export function isBrokenMessageId(field: HeaderField): boolean {
  return field.is('message-id') && parseMessageId(field.value) === undefined
}

export function hasMessageId(header: HeaderBlock): boolean {
  const field = header.find('Message-ID')
  return field !== undefined && !isBrokenMessageId(field)
}
