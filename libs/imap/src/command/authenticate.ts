import type { Decoder } from '../decoder.ts'

/** RFC 3501 §6.2.2, RFC 4959 */
export interface AuthenticateCommand {
  /** In upper case. */
  readonly mechanism: string
  /** In base64 as it came; `=` stands for no octets. */
  readonly initial?: Buffer
}

export function readAuthenticate(decoder: Decoder): AuthenticateCommand {
  decoder.expectSp()
  const mechanism = decoder.expectAtom('a mechanism').toUpperCase()
  if (!decoder.sp()) return { mechanism }
  const initial = decoder.rest()
  if (initial.length === 0) decoder.fault('an initial response')
  decoder.offset = decoder.end
  return { mechanism, initial }
}
