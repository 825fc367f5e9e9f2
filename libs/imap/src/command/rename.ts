import type { Decoder } from '../decoder.ts'

/** RFC 3501 §6.3.5 */
export interface RenameCommand {
  readonly from: string
  readonly to: string
}

export function readRename(decoder: Decoder): RenameCommand {
  decoder.expectSp()
  const from = decoder.expectMailbox()
  decoder.expectSp()
  return { from, to: decoder.expectMailbox() }
}
