import type { LiteralHead } from '../command/append.ts'
import type { Decoder } from '../decoder.ts'
import { LimitError, type ImapLimits } from '../limits.ts'
import type { CommandReader } from './command-reader.ts'
import type { CommandRow } from './command-row.ts'

const LBRACE = 0x7b

/** A literal that comes unasked and is larger than this is not skipped: the connection ends. RFC 3501 §9 number: 32 bits. */
const MOST_SKIPPED = 0xffff_ffff

/** Whether the literal comes whatever we say, and is more than anybody would wait for. */
export function comesWithoutEnd({ nonSync, size }: LiteralHead): boolean {
  return nonSync && size > MOST_SKIPPED
}

/** Does the command so far end where APPEND's message begins, and not in the midst of its arguments? The decoder is behind the name. */
export function isMessage(row: CommandRow, decoder: Decoder, bytes: Buffer): boolean {
  if (row.name !== 'APPEND') return false
  decoder.expectSp()
  const literalAtOnce = decoder.peek() === LBRACE && !bytes.includes('\r\n', decoder.offset)
  return !literalAtOnce
}

/**
 * Throws LimitError for a literal that may not become part of its command. Empty literals and the lines between them fill
 * the memory as well as long ones do.
 *
 * @param soFar octets of the command up to here
 * @param stranger has not logged in, and needs less
 */
export function checkLiteral(
  { size }: LiteralHead,
  soFar: number,
  { collected, literals }: Pick<CommandReader, 'collected' | 'literals'>,
  limits: ImapLimits,
  stranger: boolean,
): void {
  const check = (limit: keyof ImapLimits, value: number, message: string): void => {
    if (value > limits[limit]) throw new LimitError(limit, message)
  }
  check(stranger ? 'literalsBeforeLogin' : 'literals', collected + size, 'literal is too long')
  check(stranger ? 'lineBeforeLogin' : 'line', soFar - collected, 'command is too long')
  check('literalsOfCommand', literals + 1, 'too many literals')
}
