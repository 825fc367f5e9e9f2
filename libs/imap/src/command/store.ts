import type { Decoder } from '../decoder.ts'
import type { MessageNumbers } from '../number-set.ts'

/** RFC 3501 §6.4.6; `unchangedSince` of RFC 7162 §3.1.3. */
export interface StoreCommand {
  readonly numbers: MessageNumbers
  readonly change: 'add' | 'remove' | 'replace'
  readonly silent: boolean
  readonly flags: readonly string[]
  readonly unchangedSince?: number
}

export function readStore(decoder: Decoder, uid: boolean): StoreCommand {
  decoder.expectSp()
  const set = decoder.expectSequenceSet()
  decoder.expectSp()
  const unchangedSince = readModifier(decoder)
  const change = decoder.literal('+') ? 'add' : decoder.literal('-') ? 'remove' : 'replace'
  decoder.expectLiteral('flags')
  const silent = decoder.literal('.silent')
  decoder.expectSp()
  const flags = decoder.peek() === 0x28 ? decoder.expectFlagList() : readBareFlags(decoder)
  const command: StoreCommand = { numbers: { set, uid }, change, silent, flags }
  return unchangedSince === undefined ? command : { ...command, unchangedSince }
}

function readModifier(decoder: Decoder): number | undefined {
  if (!decoder.octet(0x28)) return undefined
  decoder.expectLiteral('unchangedsince')
  decoder.expectSp()
  const modseq = decoder.expectNumber64()
  decoder.expectListEnd()
  decoder.expectSp()
  return modseq
}

// store-att-flags = … (flag-list / (flag *(SP flag)))
function readBareFlags(decoder: Decoder): readonly string[] {
  const flags: string[] = []
  do flags.push(decoder.flag() ?? decoder.fault('a flag'))
  while (decoder.sp())
  return flags
}
