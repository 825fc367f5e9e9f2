import type { Bytes } from '@cartero/wire'
import { bufferOf, HEADER_OCTETS, headerOf, type Content } from './content.ts'

/** How a message is made to fit a server that knows less than its author; of @cartero/message. */
export interface Conversion {
  /** The same message in lines of 7-bit octets: parts become quoted-printable or base64. */
  // RFC 6152 §3, RFC 3030 §3
  to7Bit(source: Buffer): Buffer
  to7Bit(source: AsyncIterable<Bytes>): AsyncIterable<Bytes>
  /** The same fields without UTF-8. Given and returned without the empty line behind them. */
  // RFC 6857 §3
  downgradeHeader(header: Buffer): Buffer
  /** Somebody answers for the octets as they are (DKIM, S/MIME, OpenPGP). */
  isSigned(header: Buffer): boolean
}

export function in7Bit(content: Content, conversion: Conversion): Content {
  if (Buffer.isBuffer(content)) return conversion.to7Bit(content)
  return () => conversion.to7Bit(content())
}

export function withAsciiHeader(content: Content, conversion: Conversion): Content {
  if (Buffer.isBuffer(content)) return rewritten(content, conversion)
  return () => streamedWithAsciiHeader(content(), conversion)
}

function rewritten(start: Buffer, conversion: Conversion): Buffer {
  const header = headerOf(start)
  return Buffer.concat([conversion.downgradeHeader(header), start.subarray(header.length)])
}

async function* streamedWithAsciiHeader(
  source: AsyncIterable<Bytes>,
  conversion: Conversion,
): AsyncIterable<Bytes> {
  let start: Buffer | undefined = Buffer.alloc(0)
  for await (const bytes of source) {
    if (start === undefined) {
      yield bytes
      continue
    }
    start = Buffer.concat([start, bufferOf(bytes)])
    if (headerOf(start).length === start.length && start.length <= HEADER_OCTETS) continue
    yield rewritten(start, conversion)
    start = undefined
  }
  if (start !== undefined) yield rewritten(start, conversion)
}
