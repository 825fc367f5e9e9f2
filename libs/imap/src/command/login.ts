import type { Decoder } from '../decoder.ts'

/** RFC 3501 §6.2.3. Both are UTF-8, which is how every client in use sends them. */
export interface LoginCommand {
  readonly user: string
  readonly password: string
}

export function readLogin(decoder: Decoder): LoginCommand {
  decoder.expectSp()
  const user = decoder.expectAstring().toString('utf8')
  decoder.expectSp()
  return { user, password: decoder.expectAstring().toString('utf8') }
}
