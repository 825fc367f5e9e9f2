import type { Bytes } from '@cartero/wire'

/** The octets of a message: whole, or to be read. */
export type Content = Buffer | (() => AsyncIterable<Bytes>)

/** Octets of a header that are looked at; it is ten times what the largest providers take, and bounds what is held. */
export const HEADER_OCTETS = 1024 * 1024

const END_OF_HEADER = Buffer.from('\r\n\r\n')
const EMPTY_HEADER = Buffer.from('\r\n')

/** The fields of a message with their line ends, without the empty line behind them. */
export function headerOf(message: Buffer): Buffer {
  if (message.indexOf(EMPTY_HEADER) === 0) return message.subarray(0, 0)
  const end = message.indexOf(END_OF_HEADER)
  return end === -1 ? message : message.subarray(0, end + 2)
}

/** The header of a message that is read for nothing else; as far as HEADER_OCTETS. */
export async function readHeader(source: AsyncIterable<Bytes>): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0)
  for await (const bytes of source) {
    start = Buffer.concat([start, bytes])
    if (start.length > HEADER_OCTETS || start.includes(END_OF_HEADER)) break
  }
  return headerOf(start)
}
