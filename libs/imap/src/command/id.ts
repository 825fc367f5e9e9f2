import type { Decoder } from '../decoder.ts'

/** What a client says of itself (RFC 2971 §3.1). Values are what it claims, and fit for logs only. */
export type ClientId = ReadonlyMap<string, string | undefined>

/** RFC 2971 §3.3: at most 30 fields, of 30 octets with values of 1,024. */
const MAX_FIELDS = 30
const MAX_VALUE = 1024

export function readId(decoder: Decoder): ClientId {
  decoder.expectSp()
  const id = new Map<string, string | undefined>()
  if (decoder.word('nil')) return id
  decoder.expectList(() => {
    const field = decoder.expectString().toString('utf8').toLowerCase()
    decoder.expectSp()
    const value = decoder.expectNstring()?.toString('utf8', 0, MAX_VALUE)
    if (id.size < MAX_FIELDS && field.length <= 30) id.set(field, value)
  })
  return id
}
