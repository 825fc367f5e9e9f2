import type { Decoder } from '../decoder.ts'

const LPAREN = 0x28
const DQUOTE = 0x22

/** The literal that carries the message: its octets follow the head. */
export interface LiteralHead {
  readonly size: number
  /** `{n+}`: the octets come without being asked for (RFC 7888 §4). */
  readonly nonSync: boolean
  /** `~{n}`: may contain NUL (RFC 3516 §4.4). */
  readonly binary: boolean
}

/** `APPEND mailbox [flags] [date]`, everything before the message (RFC 3501 §6.3.11). */
export interface AppendCommand {
  readonly mailbox: string
  readonly flags: readonly string[]
  /** Milliseconds since the epoch; undefined: now. */
  readonly internalDate?: number
  readonly message: LiteralHead
}

/** Reads all of APPEND up to and with the message's literal head, which must be the last thing there is. */
export function readAppend(decoder: Decoder): AppendCommand {
  decoder.expectSp()
  const mailbox = decoder.expectMailbox()
  decoder.expectSp()
  const flags = decoder.peek() === LPAREN ? decoder.expectFlagList() : undefined
  if (flags !== undefined) decoder.expectSp()
  const internalDate = decoder.peek() === DQUOTE ? decoder.expectDateTime() : undefined
  if (internalDate !== undefined) decoder.expectSp()
  const message = readLiteralHead(decoder)
  return { mailbox, flags: flags ?? [], message, ...(internalDate !== undefined && { internalDate }) }
}

function readLiteralHead(decoder: Decoder): LiteralHead {
  const binary = decoder.literal('~')
  decoder.expectOctet(0x7b)
  const size = decoder.expectNumber64()
  const nonSync = decoder.literal('+')
  decoder.expectOctet(0x7d)
  decoder.expectEnd()
  return { size, nonSync, binary }
}
