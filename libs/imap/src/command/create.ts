import type { Decoder } from '../decoder.ts'

/** RFC 3501 §6.3.3; USE of RFC 6154 §3. */
export interface CreateCommand {
  readonly mailbox: string
  readonly uses: readonly string[]
}

export function readCreate(decoder: Decoder): CreateCommand {
  decoder.expectSp()
  const mailbox = decoder.expectMailbox()
  if (!decoder.sp()) return { mailbox, uses: [] }
  decoder.expectOctet(0x28)
  decoder.expectLiteral('use')
  decoder.expectSp()
  const uses = decoder.expectFlagList()
  decoder.expectListEnd()
  return { mailbox, uses }
}
