import type { Decoder } from '../decoder.ts'

/** SELECT and EXAMINE (RFC 3501 §6.3.1); parameters of RFC 4466 §2.1. */
export interface SelectCommand {
  readonly mailbox: string
  /** In upper case. */
  readonly parameters: readonly string[]
}

export function readSelect(decoder: Decoder): SelectCommand {
  decoder.expectSp()
  const mailbox = decoder.expectMailbox()
  if (!decoder.sp()) return { mailbox, parameters: [] }
  return { mailbox, parameters: decoder.expectList(() => decoder.expectAtom('a parameter').toUpperCase()) }
}
