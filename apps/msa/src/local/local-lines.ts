import { DEFAULT_LIMITS, NewlineReader, ReplyError, replies } from '@cartero/smtp/server'

export interface LocalLinesOptions {
  /** Octets of the largest message. */
  readonly messageSize: number | undefined
  readonly signal: AbortSignal
}

export const LF = 0x0a

/**
 * The octets of a message as SMTP has them: lines that end with CRLF, the last one included. Throws ReplyError for what is too large
 * and for NUL, the signal's reason, and what the source throws.
 */
export async function* localLines(
  source: AsyncIterable<Buffer>,
  { messageSize = DEFAULT_LIMITS.messageSize, signal }: LocalLinesOptions,
): AsyncGenerator<Buffer, void> {
  const newlines = new NewlineReader(true)
  let size = 0
  let last = 0
  const counted = (octets: Buffer): Buffer => {
    signal.throwIfAborted()
    size += octets.length
    if (size > messageSize) throw new ReplyError(replies.messageTooBig)
    last = octets.at(-1) ?? last
    return octets
  }
  for await (const chunk of source) {
    const octets = counted(newlines.read(chunk))
    if (newlines.sawNul) throw new ReplyError(replies.nulOctet)
    if (octets.length > 0) yield octets
  }
  const rest = newlines.end()
  if (rest !== undefined) yield counted(rest)
  if (size > 0 && last !== LF) yield counted(Buffer.from('\r\n'))
}
