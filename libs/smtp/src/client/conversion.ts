import { ConversionError, isSigned, to7Bit, to8Bit } from '@cartero/message'
import type { Bytes } from '@cartero/wire'
import { substitutes } from '../replies.ts'
import type { Reply } from '../reply.ts'
import type { Content } from './content.ts'

/** How a message is made to fit a server that knows less than its author. What cannot be is a ConversionError. */
export interface Conversion {
  /** The same message in lines of 7-bit octets, its header fields in ASCII. */
  // RFC 6152 §3, RFC 6857 §3
  to7Bit: Converter
  /** The same message in lines. */
  // RFC 3030 §3
  to8Bit: Converter
  /** Somebody answers for the octets as they are (DKIM, S/MIME, OpenPGP). */
  isSigned(header: Buffer): boolean
}

export interface Converter {
  (source: Buffer): Buffer
  (source: AsyncIterable<Bytes>): AsyncIterable<Bytes>
}

export const messageConversion: Conversion = { to7Bit, to8Bit, isSigned }

/** Throws ConversionError, at once or while it is read. */
export function converted(content: Content, convert: Converter): Content {
  return Buffer.isBuffer(content) ? convert(content) : () => convert(content())
}

/** What stands for a message that cannot be read to its end: by the sender's fault, or by ours. */
export function unreadable(error: unknown): Reply {
  if (!(error instanceof ConversionError)) return substitutes.contentUnreadable
  const isSealed = error.obstacle === 'signed' || error.obstacle === 'encrypted'
  return isSealed ? substitutes.conversionProhibited : substitutes.conversionRequired
}
