import type { Decoder } from '../decoder.ts'
import type { MessageNumbers } from '../number-set.ts'

/** COPY and MOVE (RFC 3501 §6.4.7, RFC 6851 §3). */
export interface CopyCommand {
  readonly numbers: MessageNumbers
  readonly mailbox: string
}

export function readCopy(decoder: Decoder, uid: boolean): CopyCommand {
  decoder.expectSp()
  const set = decoder.expectSequenceSet()
  decoder.expectSp()
  return { numbers: { set, uid }, mailbox: decoder.expectMailbox() }
}
