import { makeMessageId } from '@cartero/syntax'

export interface MessageIdSource {
  readonly hostname: string
  readonly now: () => number
  readonly random: (octets: number) => Uint8Array
}

// RFC 6409 §8.3
export function messageIdField({ hostname, now, random }: MessageIdSource): string {
  return `Message-ID: ${makeMessageId(hostname, now, random)}\r\n`
}
