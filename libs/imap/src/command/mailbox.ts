import type { Decoder } from '../decoder.ts'

/** A command whose only argument is a mailbox: DELETE, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 §6.3). */
export function readMailbox(decoder: Decoder): string {
  decoder.expectSp()
  return decoder.expectMailbox()
}
