import type { Decoder } from '../decoder.ts'
import type { MessageNumbers } from '../number-set.ts'

/** UID EXPUNGE (RFC 4315 §2.1). */
export function readUidExpunge(decoder: Decoder): MessageNumbers {
  decoder.expectSp()
  return { set: decoder.expectSequenceSet(), uid: true }
}
