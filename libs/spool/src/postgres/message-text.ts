import type { MessageIndex } from '@cartero/message'

import { SpoolError, type Envelope, type SpooledMessage } from '../ports.ts'
import { POSTGRES_SPOOL_LIMITS } from './limits.ts'

/*
 * What is never looked for by Postgres, in one column: version (1 octet), lengths of the envelope and of the prefix (4 octets each,
 * big-endian), the envelope as JSON, the prefix, the index as JSON, or nothing.
 */
const VERSION = 1
const HEADER = 9

export type MessageText = Pick<SpooledMessage, 'envelope' | 'prefix' | 'index'>

export function encodeText({ envelope, prefix, index }: MessageText): Buffer {
  const promise = Buffer.from(JSON.stringify(envelope))
  const header = Buffer.allocUnsafe(HEADER)
  header[0] = VERSION
  header.writeUInt32BE(promise.length, 1)
  header.writeUInt32BE(prefix.length, 5)
  return Buffer.concat([header, promise, prefix, encodeIndex(index)])
}

/** Throws SpoolError when a newer version has written it. */
export function decodeText(text: Buffer): MessageText {
  if (text[0] !== VERSION)
    throw new SpoolError(
      'unavailable',
      `a message was accepted by a newer version of Cartero: its text is ${text[0]}`,
    )
  const envelopeEnd = HEADER + text.readUInt32BE(1)
  const prefixEnd = envelopeEnd + text.readUInt32BE(5)
  const envelope = JSON.parse(text.toString('utf8', HEADER, envelopeEnd)) as Envelope
  const prefix = Buffer.from(text.subarray(envelopeEnd, prefixEnd))
  if (prefixEnd === text.length) return { envelope, prefix }
  return { envelope, prefix, index: JSON.parse(text.toString('utf8', prefixEnd)) as MessageIndex }
}

function encodeIndex(index: MessageIndex | undefined): Buffer {
  const octets = index === undefined ? NOTHING : Buffer.from(JSON.stringify(index))
  return octets.length > POSTGRES_SPOOL_LIMITS.indexOctets ? NOTHING : octets
}

const NOTHING = Buffer.alloc(0)
